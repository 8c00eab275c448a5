namespace WafOperator.Http.Tests.Parsers;

/// <summary>
/// What an application's parser made of a body: values of fields and contents of files, as Latin-1 text. Null where it
/// refused it.
/// </summary>
/// <param name="Values">Values of fields.</param>
/// <param name="Files">Contents of files.</param>
internal sealed record ParsedForm(IReadOnlyList<string> Values, IReadOnlyList<string> Files);
