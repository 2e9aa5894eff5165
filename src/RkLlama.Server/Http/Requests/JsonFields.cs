using System.Text.Json;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Requests;

/// <summary>Reads fields of a JSON request body. A null field counts as absent, because clients send null for fields that they do not set.</summary>
internal static class JsonFields
{
    /// <summary>Gets the value of a field. Returns false if the field is absent or null.</summary>
    /// <param name="owner">A JSON object.</param>
    internal static bool TryGet(this JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Creates the error with status 400 for a field with a wrong value.</summary>
    /// <param name="expected">What the value must be. It completes the message "NAME must be …".</param>
    internal static ApiException Wrong(string name, string expected) => ApiException.BadRequest($"{name} must be {expected}.", name);

    /// <summary>Checks that a body is a JSON object.</summary>
    /// <exception cref="ApiException">Status 400: it is not.</exception>
    internal static void RequireObject(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest("The body must be a JSON object.");
    }
}
