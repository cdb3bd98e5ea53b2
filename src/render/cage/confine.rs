//! What keeps a worker from doing anything but compute, enforced by the kernel.

use super::protocol::{Confinement, SECCOMP};

/// Gives up everything that decoding does not need. What the system lacks is left out and named.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub(super) fn confine(memory: u64, seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("death with the program", linux::end_with_parent());
    confinement.note("no new privileges", linux::no_new_privileges());
    confinement.note("landlock", linux::no_files());
    // After the rule set of landlock, which is an open file while it is made.
    confinement.note("limits", limits(memory, seconds));
    confinement.note(SECCOMP, linux::computing_only());
    confinement
}

/// The same on other systems of the kind of Unix: limits alone.
#[cfg(all(
    unix,
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))
))]
pub(super) fn confine(memory: u64, seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("limits", limits(memory, seconds));
    confinement.note(SECCOMP, Err("only Linux has it, on 64-bit x86, ARM and RISC-V".to_owned()));
    confinement
}

/// A process of its own is all there is.
#[cfg(not(unix))]
pub(super) fn confine(_memory: u64, _seconds: u64) -> Confinement {
    let mut confinement = Confinement::default();
    confinement.note("limits", Err("this system has none that offprint knows".to_owned()));
    confinement.note(SECCOMP, Err("only Linux has it".to_owned()));
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

/// After so many seconds more than it may work, a worker that ignores the signal is killed.
#[cfg(unix)]
const LAST_SECONDS: u64 = 5;

/// Bounds memory and processor time, and forbids files, processes and dumps of memory. Each limit is tried.
#[cfg(unix)]
fn limits(memory: u64, seconds: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let memory = Some((Resource::As, memory, memory)).filter(|_| memory > 0);
    // It has three descriptors already.
    let files = (Resource::Nofile, 3, 3);
    let time = (Resource::Cpu, seconds, seconds.saturating_add(LAST_SECONDS));
    let of_none = [Resource::Core, Resource::Fsize, Resource::Nproc].map(|resource| (resource, 0, 0));
    let all = memory.into_iter().chain([time, files]).chain(of_none);
    let tried = all.filter_map(|(resource, current, maximum)| {
        // Somebody may have set a lower one.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(current.min(most)), maximum: Some(maximum.min(most)) };
        setrlimit(resource, limit).err().map(|error| format!("{resource:?}: {error}"))
    });
    let refused: Vec<_> = tried.collect();
    if refused.is_empty() { Ok(()) } else { Err(refused.join(", ")) }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
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

    /// What computing needs: memory, time, random numbers for hash maps, and the way to end.
    const ALLOWED: &[i64] = &[
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

    /// What reads and writes, with the pipes that it may use.
    const PIPES: &[(i64, &[u64])] =
        &[(libc::SYS_read, &[0]), (libc::SYS_readv, &[0]), (libc::SYS_write, &[1, 2]), (libc::SYS_writev, &[1, 2])];

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
        // Memory is never mapped so that it can be executed, nor from a descriptor that somebody left open.
        let anonymous = flags(3, libc::MAP_ANONYMOUS, libc::MAP_ANONYMOUS)?;
        rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![flags(2, libc::PROT_EXEC, 0)?, anonymous])?]);
        rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![flags(2, libc::PROT_EXEC, 0)?])?]);
        for (call, pipes) in PIPES {
            let allowed = pipes.iter().map(|pipe| SeccompRule::new(vec![is(0, *pipe)?]).map_err(Into::into));
            rules.insert(*call, allowed.collect::<Result<_, seccompiler::Error>>()?);
        }
        // `abort`, after which the program knows that memory ran out or a decoder failed: by the process, or by its only
        // thread, which has the same number.
        for (call, signal) in [(libc::SYS_tgkill, 2), (libc::SYS_tkill, 1)] {
            let itself = is(0, std::process::id().into())?;
            let abort = is(signal, u64::from(libc::SIGABRT.unsigned_abs()))?;
            rules.insert(call, vec![SeccompRule::new(vec![itself, abort])?]);
        }
        let architecture = std::env::consts::ARCH.try_into()?;
        let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?;
        Ok(filter.try_into()?)
    }

    /// That an argument is this.
    fn is(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
        Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?)
    }

    /// That of some flags in an argument just these are set.
    fn flags(argument: u8, some: i32, set: i32) -> Result<SeccompCondition, seccompiler::Error> {
        let [some, set] = [some, set].map(|flags| u64::from(flags.unsigned_abs()));
        Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(some), set)?)
    }
}
