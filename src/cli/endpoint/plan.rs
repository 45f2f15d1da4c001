//! What a change of an endpoint would do, in lines.

use super::super::output::{columns, thousands};
use super::super::plan::resources;
use crate::demo::figures;
use crate::ops::endpoints::{Approach, EndpointPlan, Served};
use crate::ops::prices::rate;

/// The lines of a plan. `free` is whether nothing of it costs anything.
pub fn lines(plan: &EndpointPlan, free: bool) -> Vec<String> {
    let mut lines = vec![head(plan)];
    let rows: Vec<Vec<String>> =
        plan.now.iter().map(|served| cells("now", served)).chain(plan.after.iter().map(|served| cells("after", served))).collect();
    lines.extend(columns(&rows));
    lines.extend(resources(&plan.resources));
    lines.push(cost(plan, free));
    lines.push(match plan.seconds {
        Some(seconds) => format!("the last change of this endpoint took {}", figures::duration(seconds)),
        None => "how long a change of this endpoint takes is not known here yet".to_owned(),
    });
    if let Some(smoke) = &plan.smoke {
        let accuracy = smoke.accuracy.map(|accuracy| format!("; the model decided {} of them rightly", figures::percent(accuracy)));
        let rows = thousands(u64::try_from(smoke.rows).unwrap_or(u64::MAX));
        lines.push(format!(
            "the smoke test asks it {rows} rows of the test split{}; an endpoint that fails it goes back",
            accuracy.unwrap_or_default()
        ));
    }
    lines.extend(
        plan.previous.as_ref().map(|previous| format!("a rollback would go back to version {} (`{}`)", previous.version, previous.config)),
    );
    lines
}

fn head(plan: &EndpointPlan) -> String {
    let version = plan.version.map(|version| match plan.chosen {
        Some(chosen) => format!("version {version}, {chosen}: "),
        None => format!("version {version}: "),
    });
    let status = plan.status.as_deref().unwrap_or_default();
    let way = match plan.approach {
        Approach::Create => "is not there; it would be made".to_owned(),
        Approach::Recreate => "has failed; it would be removed and made anew".to_owned(),
        Approach::Follow => "is being removed; it would be made once it has gone".to_owned(),
        Approach::Keep if plan.changed => "serves it; what is missing would be made".to_owned(),
        Approach::Keep => "serves it already".to_owned(),
        Approach::Switch => "would be switched over; what it serves answers until then".to_owned(),
        Approach::Wait => format!("is {status}; that would be waited for, and then it would be switched over where it has to be"),
        Approach::Reweigh => "keeps its variants; their weights would change".to_owned(),
        Approach::Blocked => format!("is {status}"),
    };
    format!("{}{} ({}) {way}", version.unwrap_or_default(), plan.endpoint, plan.stage.title())
}

fn cells(when: &str, served: &Served) -> Vec<String> {
    let version = served.version.map_or_else(|| "no version of the registry".to_owned(), |version| format!("version {version}"));
    let share = if served.shadow { "shadow".to_owned() } else { format!("{:.0} % of the traffic", served.share * 100.0) };
    vec![format!("  {when}"), served.variant.clone(), version, share, format!("{} × {}", served.instances, served.instance)]
}

fn cost(plan: &EndpointPlan, free: bool) -> String {
    let hourly = |usd: Option<f64>| usd.map_or_else(|| "an unknown price".to_owned(), |usd| format!("{} an hour", rate(usd)));
    let cost = match (plan.now.is_empty(), plan.usd_per_hour == plan.usd_per_hour_now) {
        (false, true) => format!("{}, as now", hourly(plan.usd_per_hour)),
        (false, false) => format!("{} instead of {}", hourly(plan.usd_per_hour), hourly(plan.usd_per_hour_now)),
        (true, _) => format!("{} more", hourly(plan.usd_per_hour)),
    };
    if free { format!("it costs nothing on the embedded AWS (on AWS: {cost})") } else { format!("it costs {cost}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::endpoints::{PreviousVersion, SmokePlan, Stage};
    use crate::ops::plan::{Action, Planned};

    fn served(variant: &str, version: u32, share: f64, shadow: bool) -> Served {
        Served { variant: variant.into(), version: Some(version), share, shadow, instance: "ml.m5.large".into(), instances: 1 }
    }

    fn resource(action: Action, kind: &str, name: &str, usd_per_hour: Option<f64>) -> Planned {
        Planned { action, kind: kind.into(), name: name.into(), usd_per_hour, at_work_only: false }
    }

    fn plan() -> EndpointPlan {
        EndpointPlan {
            endpoint: "BankDM-staging".into(),
            stage: Stage::Staging,
            version: Some(2),
            chosen: Some("the newest approved one"),
            status: Some("InService".into()),
            approach: Approach::Switch,
            config: "BankDM-staging-v2".into(),
            resources: vec![
                resource(Action::Create, "Model", "BankDM-v2", None),
                resource(Action::Create, "Endpoint config", "BankDM-staging-v2", None),
                resource(Action::Change, "Endpoint", "BankDM-staging", Some(0.115)),
            ],
            now: vec![served("AllTraffic", 1, 1.0, false)],
            after: vec![served("AllTraffic", 2, 1.0, false)],
            usd_per_hour_now: Some(0.115),
            usd_per_hour: Some(0.115),
            seconds: Some(250.0),
            smoke: Some(SmokePlan { rows: 4119, accuracy: Some(0.9012) }),
            previous: Some(PreviousVersion { version: 1, config: "BankDM-staging-v1".into() }),
            changed: true,
        }
    }

    #[test]
    fn a_deployment_is_told_with_what_is_served_now_and_after() {
        insta::assert_snapshot!(lines(&plan(), false).join("\n"), @r"
        version 2, the newest approved one: BankDM-staging (staging) would be switched over; what it serves answers until then
          now    AllTraffic  version 1  100 % of the traffic  1 × ml.m5.large
          after  AllTraffic  version 2  100 % of the traffic  1 × ml.m5.large
          create  Model            BankDM-v2
          create  Endpoint config  BankDM-staging-v2
          change  Endpoint         BankDM-staging     $0.115 an hour
        it costs $0.115 an hour, as now
        the last change of this endpoint took 4 min 10 s
        the smoke test asks it 4,119 rows of the test split; the model decided 90.1 % of them rightly; an endpoint that fails it goes back
        a rollback would go back to version 1 (`BankDM-staging-v1`)
        ");
    }

    #[test]
    fn a_split_is_told_by_its_variants() {
        let split = EndpointPlan {
            version: None,
            chosen: None,
            after: vec![served("v1", 1, 1.0, false), served("shadow-v2", 2, 1.0, true)],
            usd_per_hour: Some(0.23),
            smoke: None,
            seconds: None,
            previous: None,
            resources: Vec::new(),
            ..plan()
        };
        insta::assert_snapshot!(lines(&split, true).join("\n"), @r"
        BankDM-staging (staging) would be switched over; what it serves answers until then
          now    AllTraffic  version 1  100 % of the traffic  1 × ml.m5.large
          after  v1          version 1  100 % of the traffic  1 × ml.m5.large
          after  shadow-v2   version 2  shadow                1 × ml.m5.large
        it costs nothing on the embedded AWS (on AWS: $0.23 an hour instead of $0.115 an hour)
        how long a change of this endpoint takes is not known here yet
        ");
    }

    #[test]
    fn every_way_to_an_endpoint_has_its_words() {
        let of =
            |approach, status: Option<&str>| head(&EndpointPlan { approach, status: status.map(str::to_owned), chosen: None, ..plan() });
        assert!(of(Approach::Create, None).ends_with("(staging) is not there; it would be made"));
        assert!(of(Approach::Wait, Some("Updating")).contains("is Updating; that would be waited for"));
        assert!(of(Approach::Blocked, Some("OutOfService")).ends_with("is OutOfService"));
        let kept = EndpointPlan { approach: Approach::Keep, changed: false, ..plan() };
        assert!(head(&kept).ends_with("serves it already"));
    }
}
