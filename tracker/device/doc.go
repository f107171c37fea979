// Package device turns a user agent and its client hints into a device, and
// names bots with the reason why they are held to be bots.
//
// The rules are tables of tokens, read in order, first match wins: bots in
// bots.go and bot.go, browsers in browser.go, systems in system.go, kinds of
// device in kind.go and model.go, makers in brand.go; match.go reads them. How
// well they do on public sets of user agents is measured by the program in
// measure/, and written in docs/devices.md.
package device
