//! The explanation trail: a type parameter of the evaluator.

use crate::domain::money::Fen;

/// One step of how an amount came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Index of the award within the unit.
    pub award: u16,
    /// The clause of the policy file, e.g. `program.dibao.shortfall`.
    pub clause: String,
    /// The step in Chinese.
    pub zh: String,
    /// The step in English.
    pub en: String,
    /// The amount after this step, where it has one.
    pub amount: Option<Fen>,
}

/// Receives the steps of an evaluation.
pub trait Trace {
    /// Whether steps are wanted at all; the evaluator builds none otherwise.
    const ON: bool;
    /// Takes one step.
    fn add(&mut self, step: Step);
}

/// Wants no steps; the evaluator's explanation code compiles away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    const ON: bool = false;
    fn add(&mut self, _step: Step) {}
}

/// Keeps all steps in order.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Trace for Steps {
    const ON: bool = true;
    fn add(&mut self, step: Step) {
        self.steps.push(step);
    }
}
