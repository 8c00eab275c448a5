namespace WafOperator.Telemetry;

/// <summary>One series as it is when metrics are read.</summary>
/// <param name="Value">In the unit that the metric's name ends with.</param>
/// <param name="Labels">Values of the metric's labels, in the order of their names.</param>
public readonly record struct Sample(double Value, params string[] Labels);
