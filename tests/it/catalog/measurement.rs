//! How long a catalog takes.

use offprint::testing::archive::{Catalog, Job};

use super::engines;
use super::fixtures::{FIRST, at, kept, key, lease_all, outcome, record, run};

/// `cargo test --test it -- --ignored --nocapture catalog::measurement`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measurement: not a promise"]
async fn measurement_of_speed() {
    let fresh = engines::sqlite();
    let catalog: &dyn Catalog = &*fresh;
    let urls: Vec<_> = (0..20_000).map(|number| format!("https://images.example/{number}.jpg")).collect();
    let begin = std::time::Instant::now();
    let recorded = urls.chunks(10).enumerate().map(async |(number, urls)| {
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        record(catalog, &format!("{number:06}"), &urls).await
    });
    let count =
        futures_util::StreamExt::count(futures_util::StreamExt::buffered(futures_util::stream::iter(recorded), 64));
    print("2,000 articles of 10 references, 64 at a time", begin, count.await);
    let run = run(catalog).await;
    let lease = lease_all(catalog, at(0)).await.remove(0);
    let begin = std::time::Instant::now();
    let jobs = catalog.jobs(&lease, None, 20_000).await.unwrap();
    print("jobs read", begin, jobs.len());
    let outcome = |job: &Job| outcome(job, 1, kept(job.url.url.as_str()));
    for (batch, jobs) in [(1_usize, &jobs[..2_000]), (64, &jobs[2_000..12_000])] {
        let begin = std::time::Instant::now();
        for chunk in jobs.chunks(batch) {
            catalog.complete_jobs(&lease, run, chunk.iter().map(outcome).collect(), FIRST).await.unwrap();
        }
        print(&format!("outcomes recorded by {batch}, one call after the other"), begin, jobs.len());
    }
    let begin = std::time::Instant::now();
    let recorded = jobs[12_000..].iter().map(|job| catalog.complete_jobs(&lease, run, vec![outcome(job)], FIRST));
    let count =
        futures_util::StreamExt::count(futures_util::StreamExt::buffered(futures_util::stream::iter(recorded), 64));
    print("outcomes recorded singly, 64 at a time", begin, count.await);
    measure_reading(catalog).await;
}

async fn measure_reading(catalog: &dyn Catalog) {
    let begin = std::time::Instant::now();
    for number in 0..20_000 {
        catalog.article(&key(&format!("{:06}", number % 2000))).await.unwrap().unwrap();
    }
    print("lookups, one after the other", begin, 20_000);
    let begin = std::time::Instant::now();
    let mut after = None;
    let mut seen = 0;
    loop {
        let page = catalog.articles(None, after.as_ref(), 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.version.key.clone());
        seen += page.len();
    }
    print("articles paged by 500", begin, seen);
    let begin = std::time::Instant::now();
    catalog.totals().await.unwrap();
    print("totals", begin, 1);
}

fn print(what: &str, begin: std::time::Instant, count: usize) {
    let took = begin.elapsed();
    crate::corpus::say(&format!("{what}: {count} in {:.3} s", took.as_secs_f64()));
}
