namespace WafOperator.Policies.Compilation;

/// <summary>
/// What a field of the API says, in the words of the policy document. Both sides list their words themselves: mapped by
/// name, a word that is added to one list does not change what the others mean.
/// </summary>
internal static class ByName
{
    /// <summary>The member of <typeparamref name="TTo"/> with the same name.</summary>
    /// <exception cref="ArgumentException">There is none: a test holds that there is for all pairs in use.</exception>
    public static TTo Of<TTo>(Enum value) where TTo : struct, Enum => Enum.Parse<TTo>(value.ToString());
}
