using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>Event ids are an interface: stable, and unique within a program.</summary>
public sealed class LoggerMessageTests
{
    [Fact]
    public void EveryLoggerMessage_HasAnIdOfItsOwn()
    {
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var (file, tree) in Repository.Trees)
        {
            foreach (var attribute in tree.DescendantNodes().OfType<AttributeSyntax>().Where(IsLoggerMessage))
            {
                var where = $"{file}:{attribute.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";
                if (IdOf(attribute) is not { } id) problems.Add($"{where} has no id");
                else if (!taken.TryAdd(id, where)) problems.Add($"{where} has the id {id} of {taken[id]}");
            }
        }
        Expect.None(problems);
    }

    private static bool IsLoggerMessage(AttributeSyntax attribute) => attribute.Name.ToString() is "LoggerMessage"
        or "LoggerMessageAttribute";

    private static string? IdOf(AttributeSyntax attribute)
    {
        var arguments = attribute.ArgumentList?.Arguments ?? [];
        var named = arguments.FirstOrDefault(argument =>
            (argument.NameEquals?.Name.ToString() ?? argument.NameColon?.Name.ToString()) is "EventId" or "eventId");
        var argument = named ?? arguments.FirstOrDefault(candidate => candidate.NameEquals is null
            && candidate.NameColon is null);
        return argument?.Expression is LiteralExpressionSyntax { Token.Value: int id } ? id.ToString() : null;
    }
}
