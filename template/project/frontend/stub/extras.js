// @ts-check
// The parts that few forms need. `gfplug build` replaces this file with one that has only those the schema asks for.
exports.Headers = require('./headers').Headers;
exports.Rows = require('./rows').Rows;
exports.useChoices = require('./choices').useChoices;
