package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// smallDisk is a directory that is a file system of its own for a command
// that room has wrapped: a tmpfs in a mount namespace that ends with it. No
// privileges are needed where users may make namespaces.
func smallDisk(t *testing.T, size int) (dir string, room func(*exec.Cmd) *exec.Cmd) {
	t.Helper()
	dir = t.TempDir()
	room = func(cmd *exec.Cmd) *exec.Cmd {
		mount := fmt.Sprintf(`mount -t tmpfs -o size=%d,mode=0777 none "$0" && exec "$@"`, size)
		sh := exec.Command("/bin/sh", append([]string{"-c", mount, dir}, cmd.Args...)...)
		sh.Env = cmd.Env
		sh.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			sh.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			sh.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
			sh.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
		}
		return sh
	}
	if out, err := room(exec.Command("true")).CombinedOutput(); err != nil {
		t.Skipf("a test may not mount a small disk here: %v %s", err, out)
	}
	return dir, room
}
