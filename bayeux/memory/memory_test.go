package memory_test

import (
	"testing"

	"wake/bayeux"
	"wake/bayeux/enginetest"
	"wake/bayeux/memory"
)

func TestEngine(t *testing.T)     { enginetest.Run(t, shared) }
func TestEnginePair(t *testing.T) { enginetest.RunPair(t, shared) }

// shared gives several servers one engine: there is only one process.
func shared(t *testing.T, n int) []bayeux.Engine {
	e := memory.New()
	es := make([]bayeux.Engine, n)
	for i := range es {
		es[i] = e
	}
	return es
}
