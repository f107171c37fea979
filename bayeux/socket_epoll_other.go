//go:build !linux

package bayeux

import "net"

// poller is not there on this system: every websocket has a goroutine.
type poller struct{}

func newPoller() *poller                    { return nil }
func (*poller) open(*conn, net.Conn) socket { return nil }
func (*poller) close()                      {}
