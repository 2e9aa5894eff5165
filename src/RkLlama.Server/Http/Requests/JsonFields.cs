using System.Text.Json;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Requests;

/// <summary>Reads fields of a request. A null field counts as absent, because clients send null for fields that they do not set.</summary>
internal static class JsonFields
{
    /// <summary>Gets a field that is neither absent nor null.</summary>
    internal static bool TryGet(this JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <param name="expected">What the value must be, as the end of the message "… must be …".</param>
    internal static ApiException Wrong(string name, string expected) => ApiException.BadRequest($"{name} must be {expected}.", name);
}
