using System.Text;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Compiles texts with <c>%{…}</c>, and gives TX variables their places.</summary>
internal sealed class MacroCompiler(ConstantPool constants, SlotAllocator slots)
{
    public Macro Compile(string text)
    {
        var parts = new List<MacroPart>();
        var at = 0;
        while (at < text.Length)
        {
            var open = text.IndexOf("%{", at, StringComparison.Ordinal);
            var close = open < 0 ? -1 : text.IndexOf('}', open);
            if (close < 0)
            {
                parts.Add(Constant(text[at..]));
                break;
            }

            if (open > at)
            {
                parts.Add(Constant(text[at..open]));
            }

            parts.Add(Variable(text[(open + 2)..close].Trim()));
            at = close + 1;
        }

        return new Macro([.. parts], constants.Add(text),
            TransactionMemory.ParseNumber(Encoding.Latin1.GetBytes(text)));
    }

    private MacroPart Constant(string text) => new(constants.Add(text), VariableId.None, null, 0, -1);

    private MacroPart Variable(string text)
    {
        var split = text.AsSpan().IndexOfAny('.', ':');
        var name = split < 0 ? text : text[..split];
        var member = split < 0 ? "" : text[(split + 1)..];
        var id = VariableNames.Find(name.ToUpperInvariant(), SelectorKind.Name, member);
        if (id == VariableId.None)
        {
            return Constant("");
        }

        var bytes = member.Length == 0 ? null : Encoding.Latin1.GetBytes(member.ToLowerInvariant());
        var slot = id == VariableId.Tx && bytes is not null ? slots.Place(member) : -1;
        return new MacroPart(Text.Empty, id, bytes, bytes is null ? 0 : NameHash.Of(bytes), slot);
    }
}

/// <summary>Gives each TX name that rules spell out a place. Places 0 to 9 are the captures.</summary>
internal sealed class SlotAllocator
{
    private readonly Dictionary<string, int> _places = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<byte[]> _names = [];

    public SlotAllocator()
    {
        for (var i = 0; i < 10; i++)
        {
            Place(((char)('0' + i)).ToString());
        }
    }

    public IReadOnlyList<byte[]> Names => _names;

    public int Place(string name)
    {
        if (!_places.TryGetValue(name, out var place))
        {
            place = _names.Count;
            _places.Add(name, place);
            _names.Add(Encoding.Latin1.GetBytes(name.ToLowerInvariant()));
        }

        return place;
    }
}
