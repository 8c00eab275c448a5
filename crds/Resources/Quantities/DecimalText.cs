using System.Globalization;

namespace WafOperator.Resources.Quantities;

/// <summary>
/// Decimal strings: numbers that are not integers travel as text, since floats do not survive round trips.
/// </summary>
public static class DecimalText
{
    /// <summary>
    /// Reads a non-negative decimal of plain digits; false for signs, exponents, blanks and anything else.
    /// </summary>
    public static bool TryParse(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
        && text[0] != '.';

    /// <summary>Reads a decimal that was validated before, as the double that models compare with.</summary>
    public static double ParseDouble(string text) => TryParse(text, out var value)
        ? (double)value
        : throw new FormatException($"\"{text}\" is not a decimal such as 0.95");

    /// <summary>Writes a number with at most six places, without an exponent.</summary>
    public static string Format(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
