//! What keeps a worker from doing anything but compute, enforced by the kernel.

use super::protocol::Confinement;

/// Gives up everything that decoding does not need. What the system lacks is left out and named.
#[cfg(target_os = "linux")]
pub(super) fn confine(memory: u64, seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("death with the program", linux::end_with_parent());
    confinement.note("no new privileges", linux::no_new_privileges());
    confinement.note("landlock", linux::no_files());
    // After the rule set of landlock, which is an open file while it is made.
    confinement.note("limits", limits(memory, seconds));
    confinement.note("seccomp", linux::computing_only());
    confinement
}

/// The same on other systems of the kind of Unix: limits alone.
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn confine(memory: u64, seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("limits", limits(memory, seconds));
    confinement.note("seccomp", Err("only Linux has it".to_owned()));
    confinement
}

/// A process of its own is all there is.
#[cfg(not(unix))]
pub(super) fn confine(_memory: u64, _seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("limits", Err("this system has none that offprint knows".to_owned()));
    confinement
}

impl Confinement {
    fn note(&mut self, what: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.in_force.push(what.to_owned()),
            Err(why) => self.lacking.push(format!("{what}: {why}")),
        }
    }
}

/// Bounds memory and processor time, and forbids files, processes and dumps of memory.
#[cfg(unix)]
fn limits(memory: u64, seconds: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let address_space = (memory > 0).then_some((Resource::As, memory));
    // The three that there are.
    let files = (Resource::Nofile, 3);
    let of_none = [(Resource::Core, 0), (Resource::Fsize, 0), (Resource::Nproc, 0)];
    let all = address_space.into_iter().chain([(Resource::Cpu, seconds), files]).chain(of_none);
    for (resource, most) in all {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
    };
    use rustix::process::{Signal, set_parent_process_death_signal};
    use rustix::thread::set_no_new_privs;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    /// What computing needs, with the pipes: memory, time, random numbers for hash maps, and the way to end.
    const ALLOWED: &[i64] = &[
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_sched_yield,
        libc::SYS_restart_syscall,
        // The sorting of the C library asks how much memory there is.
        libc::SYS_sysinfo,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// What maps memory, with the argument that says how; never so that it can be executed.
    const MAPPING: &[(i64, u8)] = &[(libc::SYS_mmap, 2), (libc::SYS_mprotect, 2)];

    pub(super) fn end_with_parent() -> Result<(), String> {
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())
    }

    pub(super) fn no_new_privileges() -> Result<(), String> {
        set_no_new_privs(true).map_err(|error| error.to_string())
    }

    /// No file, and no network, by a rule set without rules.
    pub(super) fn no_files() -> Result<(), String> {
        let abi = ABI::V6;
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
        let ruleset = ruleset.handle_access(AccessFs::from_all(abi));
        let ruleset = ruleset.and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)));
        let ruleset = ruleset.and_then(|ruleset| ruleset.scope(Scope::from_all(abi)));
        let created = ruleset.and_then(Ruleset::create).map_err(|error| error.to_string())?;
        let status = created.restrict_self().map_err(|error| error.to_string())?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err("the kernel does not have it".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whatever is not in the lists ends the process.
    pub(super) fn computing_only() -> Result<(), String> {
        let program = program().map_err(|error| error.to_string())?;
        seccompiler::apply_filter(&program).map_err(|error| error.to_string())
    }

    fn program() -> Result<BpfProgram, seccompiler::Error> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        for (call, argument) in MAPPING {
            rules.insert(*call, vec![SeccompRule::new(vec![without(*argument, libc::PROT_EXEC)?])?]);
        }
        // `abort`, after which the program knows that memory ran out or a decoder failed.
        let own = u64::from(std::process::id());
        let itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![itself])?]);
        let architecture = std::env::consts::ARCH.try_into()?;
        let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?;
        Ok(filter.try_into()?)
    }

    /// That an argument lacks a flag.
    fn without(argument: u8, flag: i32) -> Result<SeccompCondition, seccompiler::Error> {
        let mask = u64::from(flag.unsigned_abs());
        Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), 0)?)
    }
}
