// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0

// growth GOROUTINES DEPTH ROUNDS: goroutines whose stacks grow, and move, in the middle of traced
// functions; that change threads in them; that panic through them and recover.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
)

//go:noinline
func leaf(n int) int {
	return n + 1
}

// descend uses more stack at each level than a goroutine begins with.
//
//go:noinline
func descend(depth int) int {
	var room [512]byte

	room[depth%len(room)] = byte(depth)
	if depth <= 1 {
		return leaf(int(room[1]))
	}
	return descend(depth-1) + int(room[depth%len(room)]&1)
}

// yielding gives its thread to another goroutine in its middle.
//
//go:noinline
func yielding() {
	runtime.Gosched()
	leaf(1)
	runtime.Gosched()
}

//go:noinline
func failing(depth int) {
	if depth > 1 {
		failing(depth - 1)
		leaf(1)
		return
	}
	panic("as asked")
}

//go:noinline
func recovering() (caught bool) {
	defer func() { caught = recover() != nil }()
	failing(3)
	return
}

// ending leaves by the end of its goroutine.
//
//go:noinline
func ending() {
	leaf(1)
	runtime.Goexit()
}

// stopping never returns: there is no exit to probe. Nobody calls it.
//
//go:noinline
func stopping() {
	panic("asked for too much")
}

func round(depth, rounds int) (caught int) {
	for i := 0; i < rounds; i++ {
		descend(depth)
		yielding()
		if recovering() {
			caught++
		}
	}
	return
}

func number(n int) int {
	value, err := strconv.Atoi(os.Args[n])
	if err != nil {
		os.Exit(2)
	}
	return value
}

func wait() {
	var b [1]byte

	fmt.Println("ready")
	os.Stdin.Read(b[:])
}

func main() {
	var group sync.WaitGroup
	var lock sync.Mutex
	goroutines, depth, rounds := number(1), number(2), number(3)
	caught := 0

	if len(os.Args) > 4 {
		stopping()
	}
	wait()
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			n := round(depth, rounds)
			lock.Lock()
			caught += n
			lock.Unlock()
			ending()
		}()
	}
	group.Wait()
	each := goroutines * rounds
	fmt.Println("expect main.descend", each*depth)
	fmt.Println("expect main.yielding", each)
	fmt.Println("expect main.recovering", each)
	fmt.Println("expect main.leaf", 2*each+goroutines)
	fmt.Println("unwound main.failing", 3*each)
	fmt.Println("unwound main.ending", goroutines)
	fmt.Println("caught", caught)
}
