using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Reports request fields that have no effect. Their names are in the response header <c>X-RkLlama-Ignored</c>.</summary>
internal static class IgnoredFields
{
    private const string Variables = "chat_template_kwargs";

    // Limits of the header, because the names come from the request. For further, longer or invalid names, the header has the name of the whole field.
    private const int MaxVariables = 16;
    private const int MaxNameLength = 64;

    // The longest name and the largest number of names that the header has. Names come from the client.
    private const int MaxName = 100;
    private const int MaxNames = 32;

    // Fields without an effect on the answer, which clients send by default. Naming them would only be noise.
    private static readonly FrozenSet<string> Harmless = FrozenSet.ToFrozenSet(
        [
            "user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prediction", "stream_options", "cache_control",
            "CustomHeaders", "main_gpu", "low_vram", "use_mmap", "use_mlock", "numa", "f16_kv",
        ],
        StringComparer.Ordinal);

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>Returns the names of the fields that a body has and its record has not, if they ask for something and could change the answer.</summary>
    /// <param name="json">The body, or an object in it.</param>
    internal static IReadOnlyList<string> Unknown<T>(BodyReader reader, JsonElement json)
        where T : class
    {
        if (json.ValueKind != JsonValueKind.Object)
            return [];
        return
        [
            .. reader.UnknownFields<T>(json)
                .Where(static field => !Harmless.Contains(field.Name) && IsName(field.Name) && SamplingOptions.AsksForSomething(field.Value))
                .Select(static field => field.Name)
                .Distinct(StringComparer.Ordinal)
                .Take(MaxNames),
        ];
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxName && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>
    /// Adds the header to a response with status 200 if some fields of the request have no effect. These fields are determined when the headers are sent,
    /// because the version of the runtime is unknown before the model is loaded.
    /// </summary>
    /// <param name="model">The model that the request uses. Some versions of its runtime set sampling parameters only when they load the model.</param>
    /// <param name="asked">The sampling parameters that the request sets.</param>
    /// <param name="unsupported">Names of the request's fields that have no effect with any version of the runtime.</param>
    /// <param name="late">Returns the names of more fields. It is called when the headers are sent. Null for none.</param>
    internal static void ReportIgnored(
        this HttpResponse response, ModelInstance model, SamplingParameters asked, IReadOnlyList<string> unsupported, Func<IReadOnlyList<string>>? late = null) =>
        response.OnStarting(() =>
        {
            IEnumerable<string> atLoad = model.Facts is { HasPerRunSampling: false } ? SamplingOptions.FieldsFixedAtLoad(asked, model.Engine.Sampling) : [];
            SetHeader(response, atLoad.Concat(unsupported).Concat(late?.Invoke() ?? []));
            return Task.CompletedTask;
        });

    /// <summary>Adds the header to a response with status 200 to a request that runs no model.</summary>
    /// <param name="unsupported">Names of the request's fields that have no effect.</param>
    internal static void ReportIgnored(this HttpResponse response, IReadOnlyList<string> unsupported) => response.OnStarting(() =>
    {
        SetHeader(response, unsupported);
        return Task.CompletedTask;
    });

    private static void SetHeader(HttpResponse response, IEnumerable<string> fields)
    {
        string[] ignored = [.. fields.Where(IsName).Distinct(StringComparer.Ordinal).Take(MaxNames)];
        if (ignored.Length > 0 && response.StatusCode == StatusCodes.Status200OK)
            response.Headers[RkLlamaHeaders.Ignored] = string.Join(", ", ignored);
    }

    /// <summary>Returns the names of the fields that have no effect on the prompt.</summary>
    /// <param name="thinking">The names of the fields with which the request turns thinking on or off.</param>
    internal static IReadOnlyList<string> Names(this IgnoredInput ignored, IReadOnlyList<string> thinking)
    {
        // The server itself applies the thinking budget.
        string[] variables = [.. ignored.Variables.Where(static name => name != ThinkingOptions.BudgetField)];
        string[] named = [.. variables.Where(IsHeaderText).Take(MaxVariables)];
        return
        [
            .. ignored.Thinking ? thinking : [],
            .. ignored.Continuation ? ["continue_final_message"] : (string[])[],
            .. named.Select(static name => $"{Variables}.{name}"),
            .. named.Length < variables.Length ? [Variables] : (string[])[],
        ];
    }

    /// <summary>Whether a name from a request may stand in a header.</summary>
    private static bool IsHeaderText(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(static character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-');
}
