package main

import (
	"context"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	plugin "github.com/hashicorp/go-plugin"
)

// recordingRunner starts the same command as go-plugin's own runner and keeps what the plugin writes to stdout.
type recordingRunner struct {
	cmd            *exec.Cmd
	stdout, stderr io.ReadCloser
	pid            int
}

func newRecordingRunner(cmd *exec.Cmd, into *recording) (*recordingRunner, error) {
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	tee := struct {
		io.Reader
		io.Closer
	}{io.TeeReader(stdout, into), stdout}
	return &recordingRunner{cmd: cmd, stdout: tee, stderr: stderr}, nil
}

func (r *recordingRunner) Start(context.Context) error {
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.pid = r.cmd.Process.Pid
	return nil
}

func (r *recordingRunner) Diagnose(context.Context) string { return "" }
func (r *recordingRunner) Stdout() io.ReadCloser           { return r.stdout }
func (r *recordingRunner) Stderr() io.ReadCloser           { return r.stderr }
func (r *recordingRunner) Name() string                    { return r.cmd.Path }
func (r *recordingRunner) ID() string                      { return strconv.Itoa(r.pid) }
func (r *recordingRunner) Wait(context.Context) error      { return r.cmd.Wait() }
func (r *recordingRunner) Kill(context.Context) error      { return r.cmd.Process.Kill() }

func (r *recordingRunner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (r *recordingRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// handedDown is go-plugin's part of the environment. With a runner it names a socket directory, which Grafana only has in
// its container mode: elsewhere it is taken out again.
func (m *managed) handedDown(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(pair string) bool {
		return !m.opts.SocketDir && strings.HasPrefix(pair, plugin.EnvUnixSocketDir+"=")
	})
}

// recording is a buffer that one goroutine writes and others read.
type recording struct {
	mu   sync.Mutex
	data []byte
}

func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data = append(r.data, p...)
	return len(p), nil
}

func (r *recording) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.data)
}
