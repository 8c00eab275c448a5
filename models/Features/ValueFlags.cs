namespace WafOperator.Features;

/// <summary>What was odd about a value; bit i is token and weight i of the models, so the order is a contract.</summary>
[Flags]
public enum ValueFlags
{
    None = 0,
    /// <summary>A percent escape was left after the container's own decoding.</summary>
    Percent = 1 << 0,
    PercentU = 1 << 1,
    /// <summary>A percent sign that starts no escape.</summary>
    PercentMalformed = 1 << 2,
    Entity = 1 << 3,
    Backslash = 1 << 4,
    /// <summary>Overlong UTF-8 of an ASCII character.</summary>
    Overlong = 1 << 5,
    Fullwidth = 1 << 6,
    Nul = 1 << 7,
    /// <summary>The whole value was base64 of text.</summary>
    Base64 = 1 << 8,
    Comment = 1 << 9,
    /// <summary>A shell word separator such as <c>${IFS}</c>.</summary>
    ShellGap = 1 << 10,
    Control = 1 << 11,
    /// <summary>Two or more rounds of decoding changed the value.</summary>
    Rounds = 1 << 12,
    Truncated = 1 << 13,
    /// <summary>A serialised object of Java, .NET or Python begins in it.</summary>
    Serialized = 1 << 14,
}
