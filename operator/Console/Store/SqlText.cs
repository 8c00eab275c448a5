using System.Data.Common;
using System.Globalization;
using System.Text;

namespace WafOperator.Console.Store;

/// <summary>SQL with its parameters. Values go in as parameters, never as text.</summary>
internal sealed class SqlText(string beginning)
{
    private readonly StringBuilder _text = new(beginning);
    private readonly List<(string Name, object Value)> _values = [];
    private bool _hasCondition;

    /// <summary>Adds text of our own.</summary>
    public SqlText Add(string text)
    {
        _text.Append(text);
        return this;
    }

    /// <summary>The same behind other text of our own, with the same values.</summary>
    public SqlText After(string text)
    {
        var whole = new SqlText(text + _text);
        whole._values.AddRange(_values);
        return whole;
    }

    /// <summary>A parameter's name for a value.</summary>
    public string Value(object value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"@p{_values.Count}");
        _values.Add((name, value));
        return name;
    }

    /// <summary>Adds a condition: <c>where</c> the first time, then <c>and</c>.</summary>
    public SqlText Where(string condition)
    {
        _text.Append(_hasCondition ? " and " : " where ").Append(condition);
        _hasCondition = true;
        return this;
    }

    /// <summary>Adds a condition on a value unless it is null.</summary>
    public SqlText WhereValue(string expression, object? value) =>
        value is null ? this : Where($"{expression} {Value(value)}");

    /// <summary>Adds <c>column in (…)</c>.</summary>
    public SqlText WhereIn(string column, IEnumerable<object> values)
    {
        var names = string.Join(", ", values.Select(Value));
        return Where(names.Length == 0 ? "1 = 0" : $"{column} in ({names})");
    }

    public DbCommand CommandOn(DbConnection connection, DbTransaction? transaction = null)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is ours; values are parameters.
        command.CommandText = _text.ToString();
#pragma warning restore CA2100
        command.Transaction = transaction;
        foreach (var (name, value) in _values)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
