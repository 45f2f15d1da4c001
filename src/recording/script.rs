//! Which of the recorded answers is due.
//!
//! A request may have been made many times, with another answer each time: a state that is asked for until it has come about, a thing that
//! does not exist before it is made. Four rules decide which answer is given:
//!
//! - What follows from a change waits for it: an answer that came after the endpoint was made is not given before it is made again. A
//!   change that names the same thing counts, and where none does, whatever change came last.
//! - What a change has made old is passed over.
//! - What was recorded of a later step waits for that step: who asks more often than was asked then gets the same answer again.
//! - Between changes time goes by, since the change that set it off: at the pace of the recording, at a multiple of it, or (`fast`) as
//!   often as is asked, past answers that are alike.
//!
//! Everything here is pure: what time it is comes from outside.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::call::{Exchange, Mark, Outcome};
use super::given_up::{GivenUp, gives_up};
use super::matching::{Effect, Question, Tokens, question};

/// How long an answer that is nearly due is waited for, rather than giving the one before it again. What is asked right after a wait has
/// ended was so in the recording too, a moment later.
const PATIENCE: Duration = Duration::from_secs(1);

/// An answer that is given so much too early moves the time of everything; one that is further off moves only what follows from the same
/// change.
const LEAP: Duration = Duration::from_secs(5);

/// Something that is asked so often without getting any further goes on, though a change that nothing names has not come: it was made by
/// hand beside it.
const STUCK: u32 = 50;

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Without waiting.
    Fast,
    /// So many times as fast as it was recorded.
    Times(f64),
}

impl Rate {
    /// Reads `fast`, `recorded` or a factor.
    pub fn named(text: &str) -> Option<Rate> {
        match text {
            "fast" => Some(Rate::Fast),
            "recorded" => Some(Rate::Times(1.0)),
            factor => factor.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0).map(Rate::Times),
        }
    }

    /// How long something takes that took `recorded`.
    fn of(self, recorded: Duration) -> Duration {
        match self {
            Rate::Fast => Duration::ZERO,
            Rate::Times(factor) => Duration::try_from_secs_f64(recorded.as_secs_f64() / factor).unwrap_or(Duration::MAX),
        }
    }
}

/// The answer that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The call that it is of.
    pub call: usize,
    /// How long the caller waits for it.
    pub wait: Duration,
}

/// What holds an answer back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// A change that names the same thing.
    Hard(usize),
    /// The last change before it.
    Soft(usize),
}

/// A point of the recording's time, and when that was.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// By the clock of the play.
    at: Duration,
    /// In the recording.
    time: Duration,
}

impl Anchor {
    /// The same by a later clock, and no earlier in the recording than `time`.
    fn later(self, at: Duration, time: Duration) -> Anchor {
        Anchor { at, time: self.time.saturating_add(at.saturating_sub(self.at)).max(time) }
    }
}

struct Call {
    start: Duration,
    end: Duration,
    /// Of its answer.
    digest: u64,
    effect: Effect,
    /// Whether it only gives up what was asked.
    gives_up: bool,
    exact: usize,
    loose: usize,
}

/// The calls of one question.
struct List {
    calls: Vec<usize>,
    gates: Vec<Gate>,
    /// The change that set off what the answer tells.
    triggers: Vec<Option<usize>>,
    /// Changes that name what is asked about.
    related: Vec<usize>,
    /// The answer that was given last.
    given: Option<usize>,
    /// How often that has been given.
    again: u32,
}

/// A recording's calls, and how far they have been played.
pub struct Script {
    calls: Vec<Call>,
    lists: Vec<List>,
    exact: HashMap<String, usize>,
    loose: HashMap<String, usize>,
    tokens: Tokens,
    writes: Vec<usize>,
    by_name: HashMap<String, Vec<usize>>,
    /// Calls whose answer is another one than that to the same question before.
    changes: Vec<usize>,
    marks: Vec<Mark>,
    /// When the next step begins that has not begun yet.
    horizon: Option<Duration>,
    /// How many marks of each step have been reached.
    reached: HashMap<String, usize>,
    rate: Rate,
    /// When each call was played.
    played: Vec<Option<Anchor>>,
    newest_write: Option<usize>,
    origin: Anchor,
    /// How far the clock of the play is before the real one.
    lead: Duration,
    /// The statements of each service, without how they are written.
    statements: Vec<(String, String)>,
}

impl Script {
    /// The script of calls, which are in the order in which they were sent.
    pub fn of(calls: &[Exchange], marks: &[Mark], rate: Rate) -> Script {
        let mut script = Script {
            calls: Vec::with_capacity(calls.len()),
            lists: Vec::new(),
            exact: HashMap::new(),
            loose: HashMap::new(),
            tokens: Tokens::default(),
            writes: Vec::new(),
            by_name: HashMap::new(),
            changes: Vec::new(),
            marks: marks.to_vec(),
            horizon: marks.iter().filter(|mark| mark.begins).map(|mark| mark.at).min(),
            reached: HashMap::new(),
            rate,
            played: vec![None; calls.len()],
            newest_write: None,
            origin: Anchor { at: Duration::ZERO, time: Duration::ZERO },
            lead: Duration::ZERO,
            statements: Vec::new(),
        };
        let (mut names, mut given_up) = (Vec::new(), GivenUp::default());
        for (at, exchange) in calls.iter().enumerate() {
            script.tokens.learn_request(exchange);
            let asked = question(&exchange.request, &script.tokens);
            script.tokens.learn_answer(exchange, &asked, at);
            given_up.learn(at, exchange, &asked, &script.tokens);
            names.extend(script.add(at, exchange, asked));
        }
        for list in &mut script.lists {
            list.calls.retain(|call| !given_up.contains(*call));
        }
        for (list, names) in names {
            script.relate(list, &names);
        }
        script
    }

    /// Adds a call; gives the lists that begin with it, with the names of what they ask about.
    fn add(&mut self, at: usize, exchange: &Exchange, asked: Question) -> Vec<(usize, Vec<String>)> {
        let mut begun = Vec::new();
        let lists = &mut self.lists;
        let mut list_of = |map: &mut HashMap<String, usize>, text: String| {
            *map.entry(text).or_insert_with(|| {
                lists.push(List { calls: vec![], gates: vec![], triggers: vec![], related: vec![], given: None, again: 0 });
                begun.push((lists.len() - 1, asked.names.clone()));
                lists.len() - 1
            })
        };
        let exact = list_of(&mut self.exact, asked.exact);
        let loose = list_of(&mut self.loose, asked.loose);
        let digest = digest(&exchange.outcome);
        let before = self.lists[exact].calls.last().map(|before| self.calls[*before].digest);
        if before.is_some_and(|before| before != digest) {
            self.changes.push(at);
        }
        self.lists[exact].calls.push(at);
        self.lists[loose].calls.push(at);
        if asked.effect == Effect::Write {
            self.writes.push(at);
            for name in asked.names {
                self.by_name.entry(name).or_default().push(at);
            }
        }
        for statement in asked.statements {
            let known = (exchange.request.service.clone(), statement);
            if !self.statements.contains(&known) {
                self.statements.push(known);
            }
        }
        let (effect, gives_up) = (asked.effect, gives_up(&exchange.request.operation));
        self.calls.push(Call { start: exchange.start, end: exchange.end(), digest, effect, gives_up, exact, loose });
        begun
    }

    /// Finds out what the answers of a list follow from.
    fn relate(&mut self, list: usize, names: &[String]) {
        let mut related: Vec<usize> = names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        related.sort_unstable();
        related.dedup();
        let birth = self.tokens.birth(names);
        let (calls, writes) = (&self.calls, &self.writes);
        // The last of some changes that was over when a call was sent, and was not when another one was.
        let last = |of: &[usize], before: Duration, after: Option<Duration>| {
            let over = |at: &&usize| calls[**at].end <= before && after.is_none_or(|after| calls[**at].end > after);
            of.iter().rev().find(over).copied()
        };
        let entries = std::mem::take(&mut self.lists[list].calls);
        let (mut gates, mut triggers) = (Vec::with_capacity(entries.len()), Vec::<Option<usize>>::with_capacity(entries.len()));
        for (place, call) in entries.iter().enumerate() {
            let start = calls[*call].start;
            let Some(before) = place.checked_sub(1).and_then(|before| entries.get(before)) else {
                gates.push(Gate::Open);
                triggers.push(last(&related, start, None).max(birth));
                continue;
            };
            let after = Some(calls[*before].start);
            let gate = match (last(&related, start, after), birth) {
                // Who gave something up need not do so again.
                (Some(write), _) if calls[write].gives_up => Gate::Soft(write),
                (Some(write), _) => Gate::Hard(write),
                // What a service has named goes its own way.
                (None, Some(_)) => Gate::Open,
                (None, None) => last(writes, start, after).map_or(Gate::Open, Gate::Soft),
            };
            triggers.push(match gate {
                Gate::Hard(write) | Gate::Soft(write) => Some(write),
                Gate::Open => triggers.last().copied().flatten(),
            });
            gates.push(gate);
        }
        let kept = &mut self.lists[list];
        (kept.calls, kept.gates, kept.triggers, kept.related) = (entries, gates, triggers, related);
    }

    /// What is known of names in the recording.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The statements that a service was asked, without how they are written.
    pub fn statements<'s>(&'s self, service: &'s str) -> impl Iterator<Item = &'s str> {
        self.statements.iter().filter(move |(of, _)| of == service).map(|(_, statement)| statement.as_str())
    }

    /// The answer that is due to a question; nothing when it was not asked in the recording. It counts as given.
    pub fn ask(&mut self, asked: &Question, now: Duration) -> Option<Due> {
        let list = *self.exact.get(&asked.exact).or_else(|| self.loose.get(&asked.loose))?;
        let first = *self.lists[list].calls.first()?;
        let (place, wait) = match self.calls[first].effect {
            Effect::Write => (self.next_write(list), Duration::ZERO),
            Effect::Read => self.next_read(list, now),
        };
        Some(self.give(list, place, wait, now))
    }

    /// A change is made as often as it was; what is asked more often, in all or before the next step, has the same outcome again.
    fn next_write(&self, list: usize) -> usize {
        let calls = &self.lists[list].calls;
        let next = calls.iter().position(|call| self.played[*call].is_none());
        let last = calls.iter().rposition(|call| self.played[*call].is_some());
        match (next, last) {
            (Some(next), Some(last)) if self.is_of_later(calls[next]) => last,
            (Some(next), _) => next,
            (None, _) => calls.len() - 1,
        }
    }

    /// Whether a call was made in a step that has not begun yet, or after it.
    fn is_of_later(&self, call: usize) -> bool {
        self.horizon.is_some_and(|horizon| self.calls[call].start >= horizon)
    }

    fn next_read(&self, of: usize, now: Duration) -> (usize, Duration) {
        let list = &self.lists[of];
        let mut last = list.given.unwrap_or(0);
        while last + 1 < list.calls.len() && !self.is_of_later(list.calls[last + 1]) && self.passes(list, last + 1) {
            last += 1;
        }
        let first = self.fresh(list).clamp(list.given.unwrap_or(0), last);
        let due = (first..=last).rev().find(|place| self.calls[list.calls[*place]].start <= self.time(list.triggers[*place], now));
        let Some(given) = list.given else { return (due.unwrap_or(first), Duration::ZERO) };
        if first > given {
            return (due.unwrap_or(first), Duration::ZERO);
        }
        match self.rate {
            Rate::Fast => (self.next_change(of, given, last, now).max(due.unwrap_or(0)), Duration::ZERO),
            Rate::Times(factor) => match due {
                Some(due) if due > given => (due, Duration::ZERO),
                _ if given < last && !self.alike(list, given, given + 1) => {
                    let next = self.calls[list.calls[given + 1]].start;
                    let missing = next.saturating_sub(self.time(list.triggers[given + 1], now));
                    let wait = Duration::try_from_secs_f64(missing.as_secs_f64() / factor).unwrap_or(Duration::MAX);
                    if wait <= PATIENCE { (given + 1, wait) } else { (given, Duration::ZERO) }
                }
                _ => (given, Duration::ZERO),
            },
        }
    }

    /// Whether what an answer follows from has happened.
    fn passes(&self, list: &List, place: usize) -> bool {
        match list.gates[place] {
            Gate::Open => true,
            Gate::Hard(write) => self.played[write].is_some(),
            Gate::Soft(write) => {
                self.played[write].is_some() || self.newest_write.is_some_and(|newest| newest >= write) || list.again >= STUCK
            }
        }
    }

    /// The first answer that no change has made old.
    fn fresh(&self, list: &List) -> usize {
        let newest = list.related.iter().rev().find(|write| self.played[**write].is_some());
        newest.map_or(0, |write| list.calls.partition_point(|call| self.calls[*call].start < self.calls[*write].end))
    }

    fn alike(&self, list: &List, one: usize, other: usize) -> bool {
        self.calls[list.calls[one]].digest == self.calls[list.calls[other]].digest
    }

    /// The next answer that is another one, or the last before the answer to another question becomes another one: what is asked in turns
    /// stays together.
    fn next_change(&self, of: usize, given: usize, last: usize, now: Duration) -> usize {
        let list = &self.lists[of];
        if given >= last {
            return last;
        }
        let from = self.calls[list.calls[given]].end.max(self.time(list.triggers[given], now));
        let elsewhere = self.changes.partition_point(|change| self.calls[*change].start <= from);
        let elsewhere =
            self.changes[elsewhere..].iter().find(|change| self.calls[**change].exact != of && self.calls[**change].loose != of);
        let elsewhere = elsewhere.map(|change| self.calls[*change].start);
        let mut place = given + 1;
        while place < last
            && self.alike(list, given, place)
            && elsewhere.is_none_or(|elsewhere| self.calls[list.calls[place + 1]].start < elsewhere)
        {
            place += 1;
        }
        place
    }

    fn give(&mut self, of: usize, place: usize, wait: Duration, now: Duration) -> Due {
        let list = &mut self.lists[of];
        let (call, trigger, first) = (list.calls[place], list.triggers[place], list.given.is_none());
        list.again = if list.given == Some(place) { list.again + 1 } else { 0 };
        list.given = Some(place);
        let (start, end) = (self.calls[call].start, self.calls[call].end);
        let took = self.rate.of(end - start);
        let then = now + wait + took;
        if self.calls[call].effect == Effect::Read {
            self.push(trigger, end, then, first);
        }
        if self.played[call].is_none() {
            self.played[call] = Some(Anchor { at: self.clock(then), time: end });
        }
        if self.calls[call].effect == Effect::Write {
            self.newest_write = self.newest_write.max(Some(call));
        }
        Due { call, wait: wait + took }
    }

    /// The recording is at least at `end`, as far as it follows from `trigger`.
    fn push(&mut self, trigger: Option<usize>, end: Duration, now: Duration, first: bool) {
        let early = end.saturating_sub(self.time(trigger, now));
        if early.is_zero() {
            return;
        }
        match self.rate {
            Rate::Times(_) if early <= LEAP => self.lead += early,
            _ if first && early > LEAP => {}
            _ => match trigger.and_then(|trigger| self.played[trigger].as_mut()) {
                Some(anchor) => anchor.time += early,
                None => self.origin.time += early,
            },
        }
    }

    /// The clock of the play.
    fn clock(&self, now: Duration) -> Duration {
        match self.rate {
            Rate::Fast => self.lead,
            Rate::Times(factor) => {
                Duration::try_from_secs_f64(now.as_secs_f64() * factor).unwrap_or(Duration::MAX).saturating_add(self.lead)
            }
        }
    }

    /// The recording's time for what follows from a change.
    fn time(&self, trigger: Option<usize>, now: Duration) -> Duration {
        let anchor = trigger.and_then(|trigger| self.played[trigger]).unwrap_or(self.origin);
        anchor.time.saturating_add(self.clock(now).saturating_sub(anchor.at))
    }

    /// To where a step begins, and from there as far as where the next one does.
    fn enter(&mut self, at: Duration, now: Duration) {
        self.horizon = self.marks.iter().filter(|mark| mark.begins && mark.at > at).map(|mark| mark.at).min();
        self.seek(at, now);
    }

    /// Everything that was sent before a time of the recording counts as done.
    fn seek(&mut self, time: Duration, now: Duration) {
        let at = self.clock(now);
        self.origin = self.origin.later(at, time);
        for (call, played) in self.calls.iter().zip(&mut self.played).take_while(|(call, _)| call.start < time) {
            *played = Some(played.as_ref().map_or(Anchor { at, time: time.max(call.end) }, |anchor| anchor.later(at, time)));
        }
        let newest = self.writes.iter().rev().find(|write| self.calls[**write].start < time).copied();
        self.newest_write = self.newest_write.max(newest);
    }

    /// To the end of the recording.
    pub fn to_end(&mut self, now: Duration) {
        self.horizon = None;
        self.seek(self.end(), now);
    }

    /// A time after all of it.
    fn end(&self) -> Duration {
        self.calls.iter().map(|call| call.end).max().unwrap_or_default() + Duration::from_secs(1)
    }

    /// To where a step begins the first time; gives false when the recording does not have it.
    pub fn to_step(&mut self, step: &str, now: Duration) -> bool {
        let found = self.marks.iter().find(|mark| mark.begins && mark.step == step).map(|mark| mark.at);
        found.inspect(|at| self.enter(*at, now)).is_some()
    }

    /// A step begins: what came before it in the recording counts as done. Of a step that was recorded several times it is the next one.
    pub fn begins(&mut self, step: &str, now: Duration) {
        let reached = self.reached.entry(step.to_owned()).or_default();
        let found = self.marks.iter().filter(|mark| mark.begins && mark.step == step).nth(*reached).map(|mark| mark.at);
        *reached += 1;
        if let Some(at) = found {
            self.enter(at, now);
        }
    }

    /// A step has ended: the recording goes on to where the account was when it was next touched, at the next step or at the next change, so
    /// that it is found as the step left it. What was still asked at the end of the step, and of what came before, is over.
    pub fn ends(&mut self, step: &str, now: Duration) {
        let Some(nth) = self.reached.get(step).and_then(|reached| reached.checked_sub(1)) else { return };
        let Some(began) = self.marks.iter().filter(|mark| mark.begins && mark.step == step).nth(nth).map(|mark| mark.at) else { return };
        let Some(ended) = self.marks.iter().find(|mark| !mark.begins && mark.step == step && mark.at >= began).map(|mark| mark.at) else {
            return;
        };
        let next_step = self.marks.iter().filter(|mark| mark.begins && mark.at >= ended).map(|mark| mark.at).min();
        let changes = self.writes.iter().map(|write| &self.calls[*write]).filter(|call| !call.gives_up);
        let next_change = changes.map(|call| call.start).find(|start| *start >= ended);
        let time = next_step.into_iter().chain(next_change).min().unwrap_or_else(|| self.end());
        self.seek(time, now);
    }

    /// Whether the recording has steps.
    pub fn has_steps(&self) -> bool {
        self.marks.iter().any(|mark| mark.begins)
    }

    /// The times of the last change that was made of these things, and of the next that was not.
    pub fn between(&self, names: &[String]) -> (Option<Duration>, Option<Duration>) {
        let mut related: Vec<usize> = names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        related.sort_unstable();
        let made = related.iter().rev().find(|write| self.played[**write].is_some()).map(|write| self.calls[*write].end);
        let next = related.iter().find(|write| self.played[**write].is_none()).map(|write| self.calls[*write].start);
        (made, next)
    }
}

/// A digest of an outcome, to tell whether two are alike.
fn digest(outcome: &Outcome) -> u64 {
    let mut hasher = DefaultHasher::new();
    match outcome {
        Outcome::Answer(answer) => (answer.status, &answer.body, &answer.headers).hash(&mut hasher),
        Outcome::Failure { message, .. } => message.hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
