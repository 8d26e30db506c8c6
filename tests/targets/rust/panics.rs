// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
//! panics N: every other call of `first` ends by a panic in `third`, which passes `second` and
//! `first` and drops what they hold; caught outside.
use std::io::{stdout, Read, Write};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};

static DROPPED: AtomicU64 = AtomicU64::new(0);

struct Object;

impl Drop for Object {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

#[inline(never)]
fn third(n: u64) -> u64 {
    let _here = Object;
    if n % 2 == 1 {
        panic!("odd");
    }
    n + 1
}

#[inline(never)]
fn second(n: u64) -> u64 {
    let _here = Object;
    third(n) + 1
}

#[inline(never)]
fn first(n: u64) -> u64 {
    let _here = Object;
    second(n) + 1
}

fn main() {
    let n: u64 = std::env::args().nth(1).map_or(100, |a| a.parse().unwrap());
    let mut byte = [0u8];
    let mut caught = 0;

    println!("ready");
    stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut byte);
    std::panic::set_hook(Box::new(|_| {}));
    for i in 0..n {
        if catch_unwind(|| first(i)).is_err() {
            caught += 1;
        }
    }
    for name in ["first", "second", "third"] {
        println!("expect panics::{} {}", name, n - n / 2);
        println!("unwound panics::{} {}", name, n / 2);
    }
    println!("dropped {} caught {}", DROPPED.load(Ordering::Relaxed), caught);
}
