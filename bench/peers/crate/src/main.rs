// SPDX-License-Identifier: MIT
//! list FILE [ROUNDS]: maps a safetensors file and gets the name, dtype and shape of each tensor by the crate safetensors: prints
//! the median of the rounds, in milliseconds, as bench/list does for tenon.
use memmap2::Mmap;
use safetensors::SafeTensors;
use std::fs::File;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 9;

fn open_and_list(path: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let file = File::open(path)?;
    // Nothing writes to the file while it is mapped.
    let map = unsafe { Mmap::map(&file)? };
    let tensors = SafeTensors::deserialize(&map)?;
    let mut dims = 0;
    for (name, tensor) in tensors.iter() {
        black_box((name, tensor.dtype()));
        dims += tensor.shape().iter().sum::<usize>();
    }
    Ok(dims)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let path = arguments.get(1).ok_or("usage: list FILE [ROUNDS]")?;
    let rounds = arguments.get(2).map_or(Ok(ROUNDS), |word| word.parse())?.max(1);
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begin = Instant::now();
        black_box(open_and_list(path)?);
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!("{:.4}", times[rounds / 2] * 1e3);
    Ok(())
}
