// Package tracker is Wake's domain: sites, visitors, visits and events, and
// the collector that turns a hit, whatever wire it came by, into a durable
// record of them.
//
// The way of a hit is one line:
//
//	wire (tracker/ahoy, tracker/beacon) → Hit → Collector → Record → Sink
//
// A wire decodes bytes and knows no rules; the collector knows every rule
// (site, identity, time, place, device, bot, privacy) and no bytes; the sink
// (store.Batcher) answers when the record is committed. Nothing here imports
// anything but the standard library: what a rule needs from outside (place,
// device, source, stored visits) is a small interface declared in this
// package and wired in cmd/wake.
package tracker
