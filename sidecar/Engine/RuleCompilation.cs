using System.Collections.Immutable;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <summary>The outcome of a compilation: a program, or the errors why there is none; findings either way.</summary>
public sealed record RuleCompilation(RuleProgram? Program, ImmutableArray<Diagnostic> Diagnostics);
