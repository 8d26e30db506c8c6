// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0

// stuck GOROUTINES DEPTH: goroutines that stay in nested functions until a byte is on standard
// input. Each prints for its functions "open FROM TO 0 PATH" as tests/targets/stuck.c does, and
// main "stuck" then.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

const monotonic = 1

type times struct{ from, to int64 }

type stay struct {
	depth   int
	entered []times
	inside  *sync.WaitGroup
	gate    chan bool
}

var output sync.Mutex

func now() int64 {
	var t syscall.Timespec

	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func (s *stay) enter() {
	s.entered = append(s.entered, times{from: now()})
}

func (s *stay) arrive() {
	s.entered[len(s.entered)-1].to = now()
}

func (s *stay) say() {
	names := []string{"main.request"}
	for range s.entered[1:] {
		names = append(names, "main.nest")
	}
	output.Lock()
	for i, at := range s.entered {
		fmt.Printf("open %d %d 0 %s\n", at.from, at.to, strings.Join(names[:i+1], " > "))
	}
	output.Unlock()
}

//go:noinline
func nest(s *stay) {
	s.arrive()
	if len(s.entered) < s.depth {
		s.enter()
		nest(s)
		return
	}
	s.say()
	s.inside.Done()
	<-s.gate
}

//go:noinline
func request(s *stay) {
	s.arrive()
	s.enter()
	nest(s)
}

func main() {
	goroutines, _ := strconv.Atoi(os.Args[1])
	depth, _ := strconv.Atoi(os.Args[2])
	var inside, done sync.WaitGroup
	gate := make(chan bool)
	b := make([]byte, 1)

	fmt.Println("ready")
	os.Stdin.Read(b)
	for i := 0; i < goroutines; i++ {
		inside.Add(1)
		done.Add(1)
		go func() {
			s := &stay{depth: depth, inside: &inside, gate: gate}
			s.enter()
			request(s)
			done.Done()
		}()
	}
	inside.Wait()
	fmt.Println("stuck")
	os.Stdin.Read(b)
	close(gate)
	done.Wait()
}
