using System.Text.Json;

namespace RkLlama.Server.Http;

/// <summary>Fields of a request. Absent and <see langword="null"/> are the same, because clients send nulls for fields that they do not set.</summary>
internal static class JsonFields
{
    /// <summary>The field, unless it is absent or null.</summary>
    internal static bool TryGet(this JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    internal static ApiException Wrong(string name, string expected) => ApiException.BadRequest($"{name} must be {expected}.", name);
}
