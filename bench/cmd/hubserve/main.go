// hubserve is the hub by itself, as a process: what hubbench measures, without
// the rest of Wake around it.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"time"

	"wake/bayeux"
	"wake/bayeux/memory"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:3100", "listen address")
	goroutines := flag.Bool("goroutines", false, "a goroutine per websocket instead of readiness")
	flag.Parse()
	hub, err := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New(), NoEpoll: *goroutines})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/faye", hub)
	http.Handle("/faye/", hub)
	server := &http.Server{Addr: *addr}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = hub.Shutdown(end)
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
