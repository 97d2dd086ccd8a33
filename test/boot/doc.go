// Package boot runs the user data of the synthesized templates for real: in a
// throw-away machine made of this one's file system and of namespaces, with the
// real Node.js, npm, PM2, curl, gpg, tar and AWS command line, an app of its own,
// and S3, Systems Manager and STS of the local AWS.
//
// Stand-ins (standins/) are there for what cannot exist here: dnf, alternatives,
// systemctl with the part of systemd that the units use, the agents, EC2's metadata
// service, and the two web servers that the boot fetches from. Each writes down how
// it was called and refuses what it does not expect.
//
// It needs Linux, root, and the programs unshare and nsenter of util-linux.
package boot
