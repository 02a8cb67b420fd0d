// The files of tests that TESTS names, in one process: they share one browser and one server.
for (const name of process.env.TESTS.split(' ')) {
  await import(`./${name}.test.mjs`);
}
