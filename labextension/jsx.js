// Lets each file with JSX call `h` of src/element.ts under the name that rspack.config.js gives it.
const path = require('node:path');

const element = JSON.stringify(path.join(__dirname, 'src', 'element.ts'));

module.exports = source => `import { h as __h } from ${element};\n${source}`;
