// How @jupyter/builder bundles TypeScript: rspack's own compiler, so the build needs no other tool.
// React's classic runtime, because the lean install (`npm --omit=peer`) has no react/jsx-runtime to look into.
const path = require('node:path');

const typescript = {
  loader: 'builtin:swc-loader',
  options: {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', tsx: true },
      transform: { react: { runtime: 'classic', pragma: '__h' } }
    }
  }
};

module.exports = {
  resolve: { extensions: ['.ts', '.tsx', '.js'] },
  module: {
    rules: [
      { test: /\.ts$/, use: [typescript], type: 'javascript/auto' },
      {
        test: /\.tsx$/,
        use: [typescript, { loader: path.join(__dirname, 'jsx.js') }],
        type: 'javascript/auto'
      },
      {
        // Before the builder's own rule for style sheets, which would leave every comment and blank in the bundle.
        test: path.join(__dirname, 'style', 'index.css'),
        enforce: 'pre',
        use: [
          { loader: 'builtin:lightningcss-loader', options: { minify: true } },
          { loader: path.join(__dirname, 'styles.js') }
        ]
      }
    ]
  }
};
