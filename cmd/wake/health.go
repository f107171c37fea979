package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"
)

// healthCommand is for container health checks, where there is no curl.
func healthCommand() *cli.Command {
	return &cli.Command{
		Name: "health", Usage: "ask a running server on this machine whether it is ready",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "where it listens", Sources: env("listen")},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			host, port, err := net.SplitHostPort(c.String("listen"))
			if err != nil {
				return err
			}
			if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
				host = "127.0.0.1"
			}
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return errors.New("not ready: " + resp.Status)
			}
			return nil
		},
	}
}
