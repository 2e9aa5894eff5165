namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>New values of keys, with which a new model differs from the one that it is made of.</summary>
internal sealed class ModelfileChange
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);

    /// <summary>The values of the keys, in the order in which they were set.</summary>
    internal IEnumerable<(string Key, IReadOnlyList<string> Values)> Values => _values.Select(static pair => (pair.Key, (IReadOnlyList<string>)pair.Value));

    /// <summary>Sets a key. Replaces what was set before.</summary>
    /// <param name="key">The name of a key.</param>
    /// <param name="values">The new values. Only a key that may occur several times may have none or several.</param>
    internal void Set(string key, params IEnumerable<string> values) => _values[key] = [.. values];

    /// <summary>Forgets what was set for a key.</summary>
    internal void Remove(string key) => _values.Remove(key);

    /// <summary>Sets the keys of a Modelfile's text, except <c>FROM</c>.</summary>
    /// <returns>The value of <c>FROM</c>; <see langword="null"/> if the text has none.</returns>
    /// <exception cref="ModelfileException">The text has an invalid line.</exception>
    internal string? SetAll(string text, List<string> warnings)
    {
        string? from = null;
        foreach ((string key, List<string> values) in ModelfileReader.ReadValues(text, warnings))
        {
            if (key == "FROM")
                from = values[^1];
            else
                _values[key == "HUGGINGFACE" ? "HUGGINGFACE_PATH" : key] = values;
        }

        return string.IsNullOrEmpty(from) ? null : from;
    }

    /// <summary>Returns a copy of a Modelfile with the new values.</summary>
    /// <exception cref="ModelException">A value is not allowed.</exception>
    internal Modelfile Apply(Modelfile modelfile)
    {
        foreach (ModelfileKey key in ModelfileKeys.All.Where(key => _values.ContainsKey(key.Name)))
        {
            modelfile = key.Clear?.Invoke(modelfile) ?? modelfile;
            List<string> values = _values[key.Name];
            modelfile = key.Add(modelfile, values) ?? throw ModelException.ValueInvalid(key.Name, FirstInvalid(key, modelfile, values), key.Allowed);
        }

        return modelfile with { Warnings = [] };
    }

    private static string FirstInvalid(ModelfileKey key, Modelfile modelfile, List<string> values)
    {
        foreach (string value in values)
        {
            if (key.Set(modelfile, value) is not { } changed)
                return value;
            modelfile = changed;
        }

        return values[^1];
    }
}
