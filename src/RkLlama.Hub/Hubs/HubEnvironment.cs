using System.Globalization;

namespace RkLlama.Hub.Hubs;

/// <summary>Reads the settings that tools for Hugging Face and ModelScope have in common from the environment and from token files.</summary>
internal static class HubEnvironment
{
    /// <summary>The token file of the node, for a service without an environment.</summary>
    internal const string NodeTokenFile = "/etc/rkllama/hf-token";

    /// <summary>Where an operator puts a token, for messages. The server does not see the variables of a client.</summary>
    internal const string TokenPlaces = $"{NodeTokenFile} on the node, or HF_TOKEN of the server";

    /// <summary>The step that gives the server a token, for messages.</summary>
    internal const string SetToken = $"put a token of your account into {TokenPlaces}";

    private const int MaxTimeout = 3600;

    /// <summary>Reads the options.</summary>
    /// <param name="variable">Returns the value of an environment variable.</param>
    /// <param name="readToken">Returns the token in a file; <see langword="null"/> if it has none. For tests.</param>
    /// <exception cref="HubException">An address or a time is not valid (<see cref="HubError.InvalidName"/>).</exception>
    internal static HubOptions Read(Func<string, string?> variable, Func<string, string?>? readToken = null)
    {
        bool hasEndpoint = Value(variable, "HF_ENDPOINT") is not null;
        string? token = Value(variable, "HF_TOKEN") ?? Value(variable, "HUGGING_FACE_HUB_TOKEN") ?? TokenFiles(variable).Select(readToken ?? TokenFile.Read).FirstOrDefault(static text => text is not null);
        HubOptions options = new()
        {
            HuggingFaceToken = token,
            ModelScopeToken = Value(variable, "MODELSCOPE_API_TOKEN"),
            IsOffline = IsSet(variable, "HF_HUB_OFFLINE") || IsSet(variable, "TRANSFORMERS_OFFLINE"),
            StallTimeout = Value(variable, "HF_HUB_DOWNLOAD_TIMEOUT") is { } time ? Seconds("HF_HUB_DOWNLOAD_TIMEOUT", time) : new HubOptions().StallTimeout,
        };
        return options with
        {
            HuggingFace = hasEndpoint ? Address(variable, "HF_ENDPOINT") : options.HuggingFace,
            ModelScope = Value(variable, "MODELSCOPE_ENDPOINT") is null ? options.ModelScope : Address(variable, "MODELSCOPE_ENDPOINT"),
        };
    }

    private static TimeSpan Seconds(string name, string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= MaxTimeout
        ? TimeSpan.FromSeconds(seconds)
        : throw new HubException(HubError.InvalidName, $"{name}: '{value}' is not a number of seconds from 1 to {MaxTimeout}");

    private static Uri Address(Func<string, string?> variable, string name)
    {
        string value = Value(variable, name)!, text = value.Contains("://", StringComparison.Ordinal) ? value : "https://" + value;

        // A word without a scheme and without a point is more likely a mistake than the name of a host.
        bool isWord = !value.AsSpan().ContainsAny('.', ':') && !value.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        return !isWord && Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" && address.Host.Length > 0
            ? address
            : throw new HubException(HubError.InvalidName, $"{name}: '{value}' is not the address of a hub (https://host)");
    }

    private static IEnumerable<string> TokenFiles(Func<string, string?> variable)
    {
        yield return NodeTokenFile;
        if (Value(variable, "HF_TOKEN_PATH") is { } path)
            yield return path;
        if (Value(variable, "HF_HOME") is { } home)
            yield return Path.Join(home, "token");
        else if (Value(variable, "XDG_CACHE_HOME") is { } cache)
            yield return Path.Join(cache, "huggingface", "token");
        else if (Value(variable, "HOME") is { } user)
            yield return Path.Join(user, ".cache", "huggingface", "token");
    }

    private static string? Value(Func<string, string?> variable, string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private static bool IsSet(Func<string, string?> variable, string name) => Value(variable, name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
}
