namespace WafOperator.Engine.Program;

/// <summary>A TX variable that a rule adds anomaly points to.</summary>
/// <param name="Slot">Its place.</param>
/// <param name="Level">Paranoia level whose points it counts, 0 where its name says none.</param>
internal readonly record struct ScoreSlot(int Slot, int Level);
