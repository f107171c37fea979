package sqlite

// Translate is translate, for tests.
var Translate = translate
