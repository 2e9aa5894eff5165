using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>
/// For a string property: a value of another type counts as absent. Either the field has no effect, or the request record reports the missing value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IgnoreWrongTypeAttribute : Attribute;

/// <summary>For the number of completions: the OpenAPI document says 0 to 1. The request record refuses larger values with its own message.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CompletionCountAttribute() : RangeAttribute(0, 1);
