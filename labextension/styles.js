// The style sheets that index.css names, as one text, so that they can be made small together.
const fs = require('node:fs');
const path = require('node:path');

module.exports = function (index) {
  return index.replace(/@import url\("(.+?)"\);/g, (_, name) => {
    const file = path.join(this.context, name);
    this.addDependency(file);
    return fs.readFileSync(file, 'utf8');
  });
};
