using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace InstaGrpc.StandIns.Tests;

/// <summary>
/// Types and members as text, <c>Namespace.Type/Nested::Member(parameters) : result</c>, the same for a reference in one assembly
/// and the definition in another.
/// </summary>
internal static class AssemblySurface
{
    /// <summary>What an assembly refers to in the named others.</summary>
    public static IEnumerable<string> ReferencesInto(IReadOnlySet<string> assemblyNames, string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var lines = new List<string>();
        foreach (var handle in metadata.TypeReferences)
        {
            if (IsIn(assemblyNames, metadata, handle))
            {
                lines.Add(SignatureText.NameOf(metadata, handle));
            }
        }

        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            var (owner, name) = OwnerOf(metadata, member.Parent);
            if (owner.IsNil || !IsIn(assemblyNames, metadata, owner))
            {
                continue;
            }

            lines.Add(name + "::" + metadata.GetString(member.Name) + (member.GetKind() == MemberReferenceKind.Method
                ? SignatureText.Of(member.DecodeMethodSignature(SignatureText.Provider, null))
                : " : " + member.DecodeFieldSignature(SignatureText.Provider, null)));
        }

        return lines;
    }

    /// <summary>What an assembly offers: public types, their public members and those for derived types.</summary>
    public static IEnumerable<string> Definitions(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var lines = new List<string>();
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            if (!IsVisible(metadata, type))
            {
                continue;
            }

            var owner = SignatureText.NameOf(metadata, handle);
            lines.Add(owner);
            foreach (var methodHandle in type.GetMethods())
            {
                var method = metadata.GetMethodDefinition(methodHandle);
                if ((method.Attributes & MethodAttributes.MemberAccessMask)
                    is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem)
                {
                    var signature = method.DecodeSignature(SignatureText.Provider, null);
                    lines.Add($"{owner}::{metadata.GetString(method.Name)}{SignatureText.Of(signature)}");
                }
            }

            foreach (var fieldHandle in type.GetFields())
            {
                var field = metadata.GetFieldDefinition(fieldHandle);
                if ((field.Attributes & FieldAttributes.FieldAccessMask) == FieldAttributes.Public)
                {
                    var signature = field.DecodeSignature(SignatureText.Provider, null);
                    lines.Add($"{owner}::{metadata.GetString(field.Name)} : {signature}");
                }
            }
        }

        return lines;
    }

    private static bool IsVisible(MetadataReader metadata, TypeDefinition type) =>
        (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem =>
                IsVisible(metadata, metadata.GetTypeDefinition(type.GetDeclaringType())),
            _ => false,
        };

    private static bool IsIn(IReadOnlySet<string> assemblyNames, MetadataReader metadata, TypeReferenceHandle handle)
    {
        var scope = metadata.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsIn(assemblyNames, metadata, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference =>
                assemblyNames.Contains(metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)),
            _ => false,
        };
    }

    /// <summary>The type that a member belongs to; of a constructed generic type its definition.</summary>
    private static (TypeReferenceHandle Owner, string Name) OwnerOf(MetadataReader metadata, EntityHandle parent)
    {
        if (parent.Kind == HandleKind.TypeReference)
        {
            return ((TypeReferenceHandle)parent, SignatureText.NameOf(metadata, (TypeReferenceHandle)parent));
        }

        if (parent.Kind != HandleKind.TypeSpecification)
        {
            return default;
        }

        var signature = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
        if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
        {
            return default;
        }

        signature.ReadCompressedInteger();
        var definition = signature.ReadTypeHandle();
        return definition.Kind == HandleKind.TypeReference
            ? ((TypeReferenceHandle)definition, SignatureText.NameOf(metadata, (TypeReferenceHandle)definition))
            : default;
    }
}
