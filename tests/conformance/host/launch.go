package main

import (
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
)

// options say how a plugin is started. What is left out is as in Grafana.
type options struct {
	Name         string            `json:"name"`          // how later requests call it
	Command      string            `json:"command"`       // absolute path of one executable file; it gets no arguments
	Env          map[string]string `json:"env"`           // added to what Grafana computes
	Bare         bool              `json:"bare"`          // nothing but go-plugin's own variables
	AutoMTLS     bool              `json:"auto_mtls"`     // go-plugin's mutual TLS, which Grafana may switch on
	Multiplex    bool              `json:"multiplex"`     // go-plugin's broker multiplexing
	Restart      bool              `json:"restart"`       // Grafana's restart loop
	RecordStdout bool              `json:"record_stdout"` // keep all that the plugin writes to stdout
	ShortLog     bool              `json:"short_log"`     // keep only what was logged last, for long runs
	SocketDir    bool              `json:"socket_dir"`    // PLUGIN_UNIX_SOCKET_DIR as in Grafana's container mode
	StartTimeout float64           `json:"start_timeout_s"`
}

// grafanaEnv is what Grafana computes for each plugin; the host's own environment is never passed on.
var grafanaEnv = []string{
	"GF_VERSION=13.0.0",
	"GF_EDITION=Open Source",
	"GF_APP_URL=http://localhost:3000/",
	"GF_PLUGIN_VERSION=1.0.0",
	"GF_INSTANCE_FEATURE_TOGGLES_ENABLE=pluginsSkipHostEnvVars",
}

// restartTick is the period of Grafana's restart loop.
const restartTick = time.Second

// managed is one plugin, through all the processes that a restart loop gives it.
type managed struct {
	opts options
	logs *recorder

	mu             sync.Mutex
	client         *plugin.Client
	cmd            *exec.Cmd
	stdout         *recording
	starts         int
	decommissioned bool
}

type started struct {
	Plugin      string  `json:"plugin"`
	PID         int     `json:"pid"`
	Version     int     `json:"version"`
	Network     string  `json:"network"`
	Address     string  `json:"address"`
	HandshakeMS float64 `json:"handshake_ms"`
	ConnectedMS float64 `json:"connected_ms"`
}

func newManaged(opts options) *managed {
	return &managed{opts: opts, logs: &recorder{short: opts.ShortLog}}
}

// launch starts a process and waits until the client is connected to it.
func (m *managed) launch() (*started, error) {
	cmd := exec.Command(m.opts.Command)
	cmd.Env = m.environment()
	config := m.config()
	stdout := &recording{}
	if m.opts.RecordStdout || m.opts.SocketDir {
		config.RunnerFunc = func(_ hclog.Logger, prepared *exec.Cmd, _ string) (runner.Runner, error) {
			cmd.Stdin = prepared.Stdin
			cmd.Env = append(cmd.Env, m.handedDown(prepared.Env)...)
			return newRecordingRunner(cmd, stdout)
		}
	} else {
		config.Cmd = cmd
	}
	client := plugin.NewClient(config)

	m.mu.Lock()
	m.client, m.cmd, m.stdout = client, cmd, stdout
	m.starts++
	m.mu.Unlock()
	return connect(client, cmd)
}

func connect(client *plugin.Client, cmd *exec.Cmd) (*started, error) {
	begin := time.Now()
	address, err := client.Start()
	if err != nil {
		return nil, &failure{Kind: "start", Message: err.Error()}
	}
	handshake := milliseconds(begin)
	if _, err := client.Client(); err != nil {
		return nil, &failure{Kind: "start", Message: err.Error()}
	}
	return &started{
		PID:         cmd.Process.Pid,
		Version:     client.NegotiatedVersion(),
		Network:     address.Network(),
		Address:     address.String(),
		HandshakeMS: handshake,
		ConnectedMS: milliseconds(begin),
	}, nil
}

// config is Grafana's client configuration for a data source.
func (m *managed) config() *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]plugin.PluginSet{
			grpcplugin.ProtocolVersion: {
				"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
				"resource":    &grpcplugin.ResourceGRPCPlugin{},
				"data":        &grpcplugin.DataGRPCPlugin{},
				"stream":      &grpcplugin.StreamGRPCPlugin{},
				"admission":   &grpcplugin.AdmissionGRPCPlugin{},
				"conversion":  &grpcplugin.ConversionGRPCPlugin{},
			},
		},
		AllowedProtocols:    []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:         true,
		AutoMTLS:            m.opts.AutoMTLS,
		GRPCBrokerMultiplex: m.opts.Multiplex,
		StartTimeout:        time.Duration(m.opts.StartTimeout * float64(time.Second)),
		Logger:              m.logs.logger(),
		Stderr:              m.logs,
	}
}

func (m *managed) environment() []string {
	var env []string
	if !m.opts.Bare {
		env = append(env, grafanaEnv...)
	}
	for name, value := range m.opts.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// keepRunning is Grafana's restart loop: once a second, with no back-off and no limit.
func (m *managed) keepRunning() {
	for range time.Tick(restartTick) {
		m.mu.Lock()
		over, exited := m.decommissioned, m.client.Exited()
		m.mu.Unlock()
		if over {
			return
		}
		if exited {
			if _, err := m.launch(); err != nil {
				m.logs.logger().Error("Failed to restart plugin", "error", err.Error())
			}
		}
	}
}

type killed struct {
	MS     float64 `json:"ms"`
	Forced bool    `json:"forced"` // go-plugin warned "plugin failed to exit gracefully" and sent SIGKILL
	Exit   *exit   `json:"exit"`
}

// kill stops the plugin as Grafana does on shutdown.
func (m *managed) kill() killed {
	m.mu.Lock()
	m.decommissioned = true
	client := m.client
	m.mu.Unlock()
	begin := time.Now()
	client.Kill()
	return killed{MS: milliseconds(begin), Forced: m.logs.saw("plugin failed to exit gracefully"), Exit: m.exit()}
}

type exit struct {
	Code   int    `json:"code"` // -1 when a signal ended it
	Signal string `json:"signal,omitempty"`
	Text   string `json:"text"`
}

// exit tells how the current process ended; nil while the client does not know it has ended.
func (m *managed) exit() *exit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.client.Exited() || m.cmd.ProcessState == nil {
		return nil
	}
	ended := &exit{Code: m.cmd.ProcessState.ExitCode(), Text: m.cmd.ProcessState.String()}
	if status, ok := m.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		ended.Signal = status.Signal().String()
	}
	return ended
}

// current gives go-plugin's client of the process that was started last.
func (m *managed) current() *plugin.Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client
}

// dispense gives one of the SDK's client adapters for the running process.
func dispense[T any](m *managed, name string) (T, error) {
	var none T
	client := m.current()
	if client.Exited() {
		return none, &failure{Kind: "rpc", Code: "Unavailable", Message: "the plugin has exited"}
	}
	protocol, err := client.Client()
	if err != nil {
		return none, err
	}
	raw, err := protocol.Dispense(name)
	if err != nil {
		return none, err
	}
	return raw.(T), nil
}

func milliseconds(begin time.Time) float64 { return float64(time.Since(begin).Microseconds()) / 1000 }
