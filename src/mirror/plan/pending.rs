//! What a run asks for whatever the articles show: one list, which a run queues and a dry run prints.

/// URLs that a run asks for, whatever the articles show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mirror) enum Pending {
    /// Those that an earlier run left in the queue.
    Queued,
    /// Those whose image the settings name as a placeholder by now.
    Placeholders,
    /// Those whose next attempt is due, good or not.
    Due,
    /// One of each group with the same bytes of which the host should have been asked whether they are a placeholder.
    Unprobed,
    /// Those that failed, and are asked for again although they are not due.
    Again,
}

impl Pending {
    /// All of them, in the order in which a run queues them.
    const ALL: [Self; 5] = [Self::Queued, Self::Placeholders, Self::Due, Self::Unprobed, Self::Again];

    /// Whether only a run that asks by the schedule asks for them.
    const fn is_by_schedule(self) -> bool {
        matches!(self, Self::Due | Self::Unprobed)
    }
}

/// What a run asks for, in order. `is_scheduled` says whether it asks by the schedule: one over a few articles does not.
pub(in crate::mirror) fn pending(is_scheduled: bool) -> impl Iterator<Item = Pending> {
    Pending::ALL.into_iter().filter(move |pending| is_scheduled || !pending.is_by_schedule())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_a_few_articles_does_not_ask_by_the_schedule() {
        let (scheduled, few): (Vec<_>, Vec<_>) = (pending(true).collect(), pending(false).collect());
        assert_eq!(scheduled, Pending::ALL);
        assert_eq!(few, [Pending::Queued, Pending::Placeholders, Pending::Again]);
    }

    #[test]
    fn what_is_due_is_queued_before_what_is_asked_for_again() {
        let place = |wanted| Pending::ALL.iter().position(|pending| *pending == wanted).unwrap();
        assert!(place(Pending::Queued) < place(Pending::Due) && place(Pending::Due) < place(Pending::Again));
        assert!(place(Pending::Placeholders) < place(Pending::Unprobed), "what the settings name needs no probe");
    }
}
