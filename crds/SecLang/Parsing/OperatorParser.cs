namespace WafOperator.SecLang;

/// <summary>Reads a rule's operator: <c>[!][@name] argument</c>; without a name the argument is a pattern.</summary>
internal static class OperatorParser
{
    public static OperatorCall? Parse(string text, SourceLocation location, DiagnosticBag bag)
    {
        var rest = text.AsSpan().TrimStart();
        var negated = rest.Length > 0 && rest[0] == '!';
        if (negated)
        {
            rest = rest[1..].TrimStart();
        }

        if (rest.Length == 0 || rest[0] != '@')
        {
            return new OperatorCall("rx", negated, Backslashes.Read(rest.ToString()));
        }

        var end = 1;
        while (end < rest.Length && !char.IsWhiteSpace(rest[end]))
        {
            end++;
        }

        var name = rest[1..end].ToString();
        if (!OperatorCatalogue.All.TryGetValue(name, out var info))
        {
            bag.Error(DiagnosticCodes.UnknownOperator, location,
                $"There is no operator '@{name}'.{NearestName.Hint(name, OperatorCatalogue.All.Keys)}");
            return null;
        }

        var argument = rest[end..].TrimStart();
        if (info.Argument is not (OperatorArgument.Pattern or OperatorArgument.Text))
        {
            argument = argument.TrimEnd();
        }

        var read = argument.ToString();
        return new OperatorCall(info.Name, negated,
            info.Argument == OperatorArgument.Pattern ? Backslashes.Read(read) : read);
    }
}
