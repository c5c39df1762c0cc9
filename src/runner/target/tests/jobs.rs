//! Jobs on this machine: output, ends, limits, lost followers, killed supervisors.

use super::*;

#[tokio::test]
async fn output_of_both_streams_comes_in_order_and_the_end_with_its_code() {
    let place = Place::new();
    let (log, ended) = place.run(&job("a-1", "echo one; echo two >&2; echo three; exit 7")).await;
    assert_eq!(String::from_utf8(log).unwrap(), "one\ntwo\nthree\n");
    assert_eq!((ended.code, ended.timed_out, ended.size, ended.dropped), (7, false, 14, 0));
    assert_eq!(place.target.fate(&run_id(), "a-1").await.unwrap(), Fate::Ended(ended));
}

#[tokio::test]
async fn variables_reach_the_script_as_they_are_and_the_script_reads_nothing() {
    let place = Place::new();
    let odd = "a'b\"c $HOME `id` \\ *\n\u{2603}";
    let mut job = job("a-1", "printf %s \"$ODD\"; cat; pwd");
    job.env = vec![("ODD".into(), odd.into()), ("task".into(), "x".into()), ("n".into(), "y".into())];
    job.cwd = Some("/usr".into());
    let (log, ended) = place.run(&job).await;
    assert_eq!((String::from_utf8(log).unwrap(), ended.code), (format!("{odd}/usr\n"), 0));
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_script() {
    let place = Place::new();
    let (log, ended) = place.run(&job("a-1", "echo one\nfalse\necho two")).await;
    assert_eq!((log, ended.code), (b"one\n".to_vec(), 1));
    let (log, ended) = place.run(&job("b-1", "#!/bin/bash\nfalse | true\necho two")).await;
    assert_eq!((log, ended.code), (Vec::new(), 1));
    let (log, ended) = place.run(&job("c-1", "kill -9 $$")).await;
    assert_eq!((log, ended.code), (Vec::new(), 137));
}

#[tokio::test]
async fn the_same_task_is_not_started_twice() {
    let place = Place::new();
    place.run(&job("a-1", "echo x >>\"$PWD/ran\"").clone()).await;
    let error = place.target.start(&place.permit, &job("a-1", "true")).await.err().unwrap();
    assert!(error.to_string().contains("nothing is started twice"), "{error}");
    std::fs::remove_file("ran").unwrap();
}

#[tokio::test]
async fn first_words_come_at_once() {
    let place = Place::new();
    let mut following = place.start(&job("a-1", "sleep 0.5; date +%s%N; sleep 1")).await;
    loop {
        if let News::Output(_, bytes) = following.next().await {
            let printed: i128 = String::from_utf8(bytes).unwrap().trim().parse().unwrap();
            let late = crate::app::Now::default().get().as_nanosecond() - printed;
            assert!(late < 100_000_000, "{} ms late", late / 1_000_000);
            break;
        }
    }
}

#[tokio::test]
async fn a_follower_that_is_dropped_leaves_the_job_running_and_another_takes_over() {
    let place = Place::new();
    let mut first =
        place.start(&job("a-1", "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; sleep 0.005; done")).await;
    let mut seen = Vec::new();
    while seen.len() < 500 {
        if let News::Output(_, bytes) = first.next().await {
            seen.extend(bytes);
        }
    }
    drop(first);
    let from = seen.len() as u64;
    let mut second = place.target.attach(&run_id(), "a-1", from).await.unwrap();
    let (rest, ended) = whole(&mut *second, from).await;
    seen.extend(rest);
    let expected = (1..=400).fold(String::new(), |all, i| all + &format!("line {i}\n"));
    assert_eq!((String::from_utf8(seen).unwrap(), ended.code), (expected, 0));
}

#[tokio::test]
async fn a_limit_is_kept_with_nobody_connected_and_who_ignores_term_is_killed() {
    let place = Place::new();
    let mut slow = job("a-1", "trap '' TERM; echo go; while :; do sleep 0.1; done");
    slow.timeout = Duration::from_secs(1);
    drop(place.start(&slow).await);
    let mut fate = Fate::Absent;
    for _ in 0..60 {
        fate = place.target.fate(&run_id(), "a-1").await.unwrap();
        if matches!(fate, Fate::Ended(_)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let Fate::Ended(ended) = fate else { panic!("{fate:?}") };
    assert_eq!((ended.code, ended.timed_out, ended.size), (137, true, 3));
}

#[tokio::test]
async fn a_job_is_ended_with_all_its_session_and_who_left_it_is_told() {
    let place = Place::new();
    let pids = place.folder.path().join("pids");
    let script = format!("setsid sleep 77 & echo $! >{0}; sleep 78 & echo $! >{0}-2; wait", pids.display());
    let following = place.start(&job("a-1", &script)).await;
    until(|| pids.with_file_name("pids-2").exists()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let left = place.target.end(&place.permit, &run_id(), "a-1", Duration::from_secs(1)).await.unwrap();
    let away = pid_in(&pids);
    assert_eq!(left, [Text::line(&format!("{away} sleep 77"))]);
    assert!(!is_alive(pid_in(&pids.with_file_name("pids-2"))));
    assert!(matches!(place.target.fate(&run_id(), "a-1").await.unwrap(), Fate::Ended(e) if e.code == 143));
    std::process::Command::new("kill").arg(away.to_string()).status().unwrap();
    drop(following);
}

#[tokio::test]
async fn a_killed_supervisor_leaves_a_job_that_is_alive_and_then_gone() {
    let place = Place::new();
    let mut following = place.start(&job("a-1", "echo on; sleep 60")).await;
    let pid = std::fs::read_to_string(place.task("a-1").join("pid")).unwrap();
    let words: Vec<u32> = pid.lines().last().unwrap().split(' ').filter_map(|w| w.parse().ok()).collect();
    let supervisor = words[2];
    std::process::Command::new("kill").args(["-9", &supervisor.to_string()]).status().unwrap();
    while !matches!(following.next().await, News::Lost(_)) {}
    assert!(matches!(place.target.fate(&run_id(), "a-1").await.unwrap(), Fate::Alive { pid, .. } if pid == words[0]));
    assert!(place.target.end(&place.permit, &run_id(), "a-1", Duration::from_secs(1)).await.unwrap().is_empty());
    assert_eq!(place.target.fate(&run_id(), "a-1").await.unwrap(), Fate::Gone { size: 3 });
}

#[tokio::test]
async fn what_a_job_leaves_in_the_background_does_not_hold_up_its_end() {
    let place = Place::new();
    let started = tokio::time::Instant::now();
    let (log, ended) = place.run(&job("a-1", "echo on; (sleep 2; echo late) &")).await;
    assert_eq!((log, ended.code), (b"on\n".to_vec(), 0));
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_flood_is_kept_in_part_and_counted_whole() {
    let place = Place::new();
    let mut following = place.start(&job("a-1", "head -c 200000000 /dev/zero")).await;
    let (mut size, mut end) = (0, None);
    while end.is_none() {
        match following.next().await {
            News::Output(_, bytes) => size += bytes.len() as u64,
            News::Ended(ended) => end = Some(ended),
            _ => {}
        }
    }
    let ended = end.unwrap();
    assert_eq!((size, ended.size, ended.dropped), (64 << 20, 64 << 20, 200_000_000 - (64 << 20)));
    assert_eq!(std::fs::metadata(place.task("a-1").join("log")).unwrap().len(), 64 << 20);
}

#[tokio::test]
async fn secrets_are_in_no_file_and_no_argument() {
    let place = Place::new();
    let mut held = job("a-1", "echo on; sleep 5");
    held.env = vec![("TOKEN".into(), "hush-4711".into())];
    held.sudo_password = Some(Arc::new("hush-4712".to_owned().into()));
    let mut following = place.start(&held).await;
    while !matches!(following.next().await, News::Output(..)) {}
    let found = std::process::Command::new("grep").args(["-r", "hush-47"]).arg(place.state()).output().unwrap();
    assert!(found.stdout.is_empty() && !found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
    let all = std::process::Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().unwrap();
    assert!(!String::from_utf8_lossy(&all.stdout).contains("hush-47"));
    place.target.end(&place.permit, &run_id(), "a-1", Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_target_that_has_seen_a_higher_number_starts_nothing() {
    let place = Place::new();
    let mut new = job("a-1", "true");
    new.fence = Some(("production/sales".into(), 5));
    place.run(&new).await;
    let mut old = job("b-1", "true");
    old.fence = Some(("production/sales".into(), 4));
    let error = place.target.start(&place.permit, &old).await.err().unwrap();
    assert!(error.to_string().contains("number 5; this run has 4"), "{error}");
    assert_eq!(place.target.fate(&run_id(), "b-1").await.unwrap(), Fate::Absent);
}

#[tokio::test]
async fn what_is_ended_is_told_so_once() {
    let place = Place::new();
    let script = "trap 'echo told' TERM\necho ready\nfor n in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done";
    let mut following = place.start(&job("told-1", script)).await;
    while !matches!(following.next().await, News::Output(..)) {}
    place.target.end(&place.permit, &run_id(), "told-1", Duration::from_secs(5)).await.unwrap();
    let log = std::fs::read_to_string(place.task("told-1").join("log")).unwrap();
    assert_eq!(log.matches("told").count(), 1, "{log}");
}
