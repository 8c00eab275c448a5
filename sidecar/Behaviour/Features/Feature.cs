namespace WafOperator.Behaviour.Features;

/// <summary>Computes a feature of what was measured.</summary>
public delegate double FeatureFunction(FeatureContext context);

/// <summary>One number about a request and its client.</summary>
/// <param name="Name">Name, the same in training; part of the catalogue's version.</param>
/// <param name="Unit">Unit, or <c>share</c> (0 to 1), <c>flag</c> (0 or 1), <c>count</c>, <c>bits</c>.</param>
/// <param name="Meaning">One phrase for people.</param>
/// <param name="Compute">How it is computed.</param>
public sealed record Feature(string Name, string Unit, string Meaning, FeatureFunction Compute);
