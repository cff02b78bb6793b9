// How @jupyter/builder bundles TypeScript: rspack's own compiler, so the build needs no other tool.
// React's classic runtime, because the lean install (`npm --omit=peer`) has no react/jsx-runtime to look into.
module.exports = {
  resolve: { extensions: ['.ts', '.tsx', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        loader: 'builtin:swc-loader',
        options: {
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', tsx: true },
            transform: { react: { runtime: 'classic' } }
          }
        },
        type: 'javascript/auto'
      }
    ]
  }
};
