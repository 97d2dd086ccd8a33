// Package session opens sessions of Systems Manager: shells on hosts, and
// tunnels to a port behind one, which heal.
//
// The protocol is AWS's own: the data channel of its Session Manager plugin,
// used as a library. What stands at the two ends of the channel is ours, as the
// plugin's own ends lose bytes and end the process (docs/adr/0018-sessions.md).
//
// Each session runs in a process of its own, which is this program once more
// (Child): the plugin has one session in its globals, prints, and hangs or exits
// where it should fail. The parent starts the session, tells the child all by a
// pipe, watches it, and replaces or ends it:
//
//	tunnel, err := session.Open(ctx, session.TunnelOptions{…}) // the server has greeted
//	tunnel.Addr()                                               // 127.0.0.1:PORT
//	defer tunnel.Close()                                        // nothing is left
//
// A child whose parent is gone, by whatever signal, ends its session and itself.
package session
