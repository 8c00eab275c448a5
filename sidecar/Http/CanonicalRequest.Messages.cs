using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <content>One message of a stream in the place of a body.</content>
public sealed partial class CanonicalRequest
{
    /// <summary>Adds a text of a message as an argument of the body, or one that stood encoded in the head.</summary>
    internal void AddText(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isBody)
    {
        if (!_arena.TryAppend(name, out var nameSlice) || !_arena.TryAppend(value, out var valueSlice))
        {
            NoMemory();
            return;
        }

        if (isBody) BodyBytesSeen += value.Length;
        Note(Utf8Facts.Of(this[valueSlice]));
        AddArgument(nameSlice, valueSlice, nameSlice, valueSlice, ArgumentSource.Json);
    }
}
