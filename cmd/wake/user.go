package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"wake/api"
	"wake/store"
)

func userCommand() *cli.Command {
	return &cli.Command{
		Name: "user", Usage: "add, list and remove the people who may sign in to the dashboard",
		Commands: []*cli.Command{
			{
				Name: "add", Usage: "add someone, or change role and password", ArgsUsage: "EMAIL",
				Flags: append(storeFlags(),
					&cli.StringFlag{Name: "role", Value: "viewer", Usage: "admin or viewer"},
					&cli.BoolFlag{Name: "password-stdin", Usage: "read the password from standard input"}),
				Action: withStore(addMember),
			},
			{Name: "list", Usage: "list them", Flags: storeFlags(), Action: withStore(listMembers)},
			{Name: "remove", Usage: "remove someone", ArgsUsage: "EMAIL", Flags: storeFlags(), Action: withStore(removeMember)},
		},
	}
}

func addMember(ctx context.Context, c *cli.Command, st store.Store) error {
	addr, err := mail.ParseAddress(c.Args().First())
	if err != nil || addr.Name != "" {
		return errors.New("give one email address: wake user add EMAIL")
	}
	role := store.Role(c.String("role"))
	if role != store.RoleAdmin && role != store.RoleViewer {
		return fmt.Errorf("--role %s: it is admin or viewer", role)
	}
	password, err := readPassword(c.Bool("password-stdin"))
	if err != nil {
		return err
	}
	hash, err := api.HashPassword(password)
	if err != nil {
		return err
	}
	email := strings.ToLower(addr.Address)
	m := store.Member{Email: email, Role: role, PasswordHash: hash, CreatedAt: time.Now()}
	have, err := memberNamed(ctx, st, email)
	switch {
	case err != nil:
		return err
	case have != nil:
		m.ID, m.CreatedAt = have.ID, have.CreatedAt
		err = st.SetMember(ctx, m)
	default:
		_, err = st.AddMember(ctx, m)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s may sign in as %s\n", email, role)
	return nil
}

// memberNamed is the member with this email, nil when there is none.
func memberNamed(ctx context.Context, st store.Store, email string) (*store.Member, error) {
	all, err := st.Members(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Email == email {
			return &all[i], nil
		}
	}
	return nil, nil
}

func readPassword(stdin bool) (string, error) {
	if stdin || !term.IsTerminal(int(os.Stdin.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 1<<10)).ReadString('\n')
		if err != nil && line == "" {
			return "", errors.New("no password on standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(os.Stderr, prompt)
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func listMembers(ctx context.Context, _ *cli.Command, st store.Store) error {
	all, err := st.Members(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "EMAIL\tROLE\tADDED")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.Email, m.Role, m.CreatedAt.Format(time.DateOnly))
	}
	return w.Flush()
}

func removeMember(ctx context.Context, c *cli.Command, st store.Store) error {
	email := strings.ToLower(c.Args().First())
	m, err := memberNamed(ctx, st, email)
	if err != nil {
		return err
	}
	if m == nil {
		return fmt.Errorf("%q is nobody's email here; `wake user list` shows them", email)
	}
	if err := st.RemoveMember(ctx, m.ID); err != nil {
		return err
	}
	fmt.Printf("%s may sign in no more\n", email)
	return nil
}
