package bayeux_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"wake/bayeux"
	"wake/bayeux/memory"
)

// A hub that Faye and CometD clients can use at http://HOST/faye, and a backend
// that publishes by an HTTP form, as the Faye documentation does.
func Example() {
	hub, err := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New()})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/faye", hub)
	mux.Handle("/faye/", hub)
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.PostForm(server.URL+"/faye", url.Values{
		"message": {`{"channel":"/chat/room","data":{"text":"hello"}}`},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var replies []bayeux.Message
	_ = json.NewDecoder(res.Body).Decode(&replies)
	fmt.Println(res.Status, len(replies))

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(hub.Shutdown(ctx))
	// Output:
	// 200 OK 1
	// <nil>
}

// An extension that lets nobody publish without a token, as in the Faye
// documentation, and removes the token before the message is delivered.
func ExampleServer_Use() {
	hub, _ := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New()})
	defer func() { _ = hub.Shutdown(context.Background()) }()

	hub.Use(bayeux.Extension{
		Name: "server auth",
		Incoming: func(_ context.Context, _ *bayeux.Request, m *bayeux.Message) error {
			if bayeux.IsMeta(m.Channel) {
				return nil
			}
			if string(m.ExtField("auth_token")) != `"sesame"` {
				return &bayeux.Error{Code: 403, Text: "Invalid authentication token"}
			}
			m.SetExtField("auth_token", nil)
			return nil
		},
	})

	batch, _ := bayeux.ParseMessages([]byte(`[
		{"channel":"/news","data":1},
		{"channel":"/news","data":2,"ext":{"auth_token":"sesame"}}]`))
	for _, reply := range hub.Process(context.Background(), &bayeux.Request{}, batch) {
		fmt.Println(reply.Successful, reply.Error)
	}
	// Output:
	// false 403::Invalid authentication token
	// true
}

// Monitoring: who comes, subscribes and goes, and why.
func ExampleServer_On() {
	hub, _ := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New()})
	defer func() { _ = hub.Shutdown(context.Background()) }()
	told := make(chan string, 10)
	hub.On(func(e bayeux.Event) {
		told <- fmt.Sprintf("%s %s (%s)", e.Kind, e.Channel, e.Reason)
	}, bayeux.EventSubscribe, bayeux.EventUnsubscribe, bayeux.EventDisconnect)

	client, _ := hub.NewClient(context.Background())
	_ = client.Subscribe(context.Background(), "/chat/room", func(*bayeux.Message) {})
	client.Close()
	for range 3 {
		fmt.Println(<-told)
	}
	// Output:
	// subscribe /chat/room ()
	// unsubscribe /chat/room (client)
	// disconnect  (client)
}

// A policy: anybody may read the news, only backends write them, and a signed
// token opens one room for one browser.
func ExampleRules() {
	key := []byte("32 random bytes, from a file")
	hub, _ := bayeux.New(context.Background(), bayeux.Options{
		Engine: memory.New(),
		Policy: &bayeux.Rules{
			List:      []bayeux.Rule{{Pattern: "/news/**", Subscribe: []bayeux.Who{bayeux.Anyone}}},
			Backends:  [][32]byte{bayeux.HashToken("sesame")},
			TokenKeys: [][]byte{key},
		},
	})
	defer func() { _ = hub.Shutdown(context.Background()) }()

	token := bayeux.SignChannelToken(key, bayeux.ChannelGrant{Pattern: "/room/7", Subscribe: true, Expires: time.Now().Add(time.Hour)})
	req := &bayeux.Request{Transport: bayeux.LongPolling}
	send := func(format string, args ...any) *bayeux.Message {
		batch, err := bayeux.ParseMessages(fmt.Appendf(nil, format, args...))
		if err != nil {
			log.Fatal(err)
		}
		return hub.Process(context.Background(), req, batch)[0]
	}
	id := send(`{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`).ClientID
	fmt.Println(send(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/news/today"}`, id).Successful)
	fmt.Println(send(`{"channel":"/news/today","data":"I say"}`).Error)
	fmt.Println(send(`{"channel":"/news/today","data":"we say","ext":{"auth_token":"sesame"}}`).Successful)
	fmt.Println(send(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/room/7"}`, id).Error)
	fmt.Println(send(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/room/7","ext":{"token":%q}}`, id, token).Successful)
	// Output:
	// true
	// 403:/news/today:Forbidden channel
	// true
	// 403:/room/7:Forbidden channel
	// true
}

// A client in the server's own process.
func ExampleServer_NewClient() {
	hub, _ := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New()})
	defer func() { _ = hub.Shutdown(context.Background()) }()
	ctx := context.Background()

	client, err := hub.NewClient(ctx)
	if err != nil {
		log.Fatal(err)
	}
	got := make(chan string)
	err = client.Subscribe(ctx, "/chat/*", func(m *bayeux.Message) { got <- m.Channel + " " + string(m.Data) })
	if err != nil {
		log.Fatal(err)
	}
	_, _ = hub.Publish(ctx, "/chat/room", map[string]string{"text": "hello"})
	fmt.Println(<-got)
	client.Close()
	// Output:
	// /chat/room {"text":"hello"}
}

// A service: the answer goes to the asking client only.
func ExampleServer_Handle() {
	hub, _ := bayeux.New(context.Background(), bayeux.Options{Engine: memory.New()})
	defer func() { _ = hub.Shutdown(context.Background()) }()
	err := hub.Handle("/service/time", func(context.Context, *bayeux.Request, *bayeux.Message) (json.RawMessage, error) {
		return json.RawMessage(`"noon"`), nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
}
